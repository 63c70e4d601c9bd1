import { inspectLog } from '@commitlog/log';
import { expect, it } from 'vitest';
import { appendBig, World } from '../world.js';

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
