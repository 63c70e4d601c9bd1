import { inspectLog } from '@commitlog/log';
import { expect, it } from 'vitest';
import { appendBig, big, World } from '../world.js';

// Every name in the directory was opened: a pipe never answered, and a dangling link failed.
it('given strangers in the directory, and files that vanish, when it is inspected, then it says what the log’s files are', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 4);
  await log.close();
  world.place('pipe', Buffer.from('x'));
  const vanishing = world.names.find((name) => name.endsWith('.index'))!;
  const opened: string[] = [];
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'open') opened.push(path);
  };
  world.disk.inject({ method: 'open', path: /\.index$/, code: 'ENOENT' });
  const { files } = await inspectLog({ dir: '/log' }, { files: world.disk.files });
  expect(files.map(({ name }) => name)).not.toContain(vanishing);
  expect(files.map(({ name }) => name)).toContain('MANIFEST');
  expect(opened).not.toContain('/log/pipe');
});

// It listed whatever was called a checkpoint.
it('given checkpoints of which some do not count, when the log is inspected, then it lists those that do', async () => {
  const world = new World();
  const log = await world.open({ checkpoint: ({ index }) => Buffer.from(`state of ${index}`) });
  await appendBig(log, 1, 7);
  const { checkpoints } = log;
  await log.close();
  for (const stray of ['CHECKPOINT-00000000000000000005-1', 'CHECKPOINT-00000000000000000003-2']) {
    world.place(stray, Buffer.from('of another log'));
  }
  const described = await inspectLog({ dir: '/log' }, { files: world.disk.files });
  expect(described.checkpoints).toEqual(checkpoints);
  expect(described.files.map(({ name }) => name)).toContain('CHECKPOINT-00000000000000000005-1');
});

// It said 0 bytes, where its header is.
it('given a last segment that SYNCED does not speak of yet, when the log is inspected, then it has its header', async () => {
  const world = new World();
  const log = await world.open();
  const mark = world.bytesOf('SYNCED');
  await appendBig(log, 1, 3);
  await log.append(big('b4'));
  world.place('SYNCED', mark);
  const { segments } = await inspectLog({ dir: '/log' }, { files: world.disk.files });
  expect(segments.at(-1)).toMatchObject({ isActive: true, bytes: 64, end: log.segments.at(-1)!.base });
});
