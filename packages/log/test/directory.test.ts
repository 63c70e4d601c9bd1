import type { Log } from '@commitlog/log';
import { describe, expect, it } from 'vitest';
import { appendBig, batchOf, behind, big, refused, World } from './world.js';

describe('a failed sync whose clean-up fails, too', () => {
  // The error of closing a file took the place of that of the sync, and the log went on.
  const after = { method: 'syncDirectory', code: 'EIO', after: 1 } as const;
  it.each([
    ['a roll', (log: Log): Promise<unknown> => log.append(big('x'))],
    ['a truncation', (log: Log) => log.truncateAfter(1)],
    ['a reset', (log: Log) => log.reset(behind(50))],
  ] as const)('given %s, then the log is fenced', async (_, change) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    world.disk.inject(after);
    world.disk.inject({ method: 'close', path: /\.log$/, code: 'EIO' });
    await refused(change(log), 'fenced');
    await refused(log.append(batchOf('y')), 'fenced');
  });

  it.each([
    [/MANIFEST\.new$/, 'remove', 'EROFS'],
    [/MANIFEST\.new$/, 'close', 'EIO'],
    [/-2\.log$/, 'remove', 'EROFS'],
    [/-2\.log$/, 'close', 'EIO'],
  ] as const)('given it was of %s, and then %s fails with %s, then the log is fenced', async (path, method, code) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    world.disk.inject({ method: 'sync', path, code: 'EIO' });
    world.disk.onOperation = (operation) => {
      if (operation.method !== 'sync' || !path.test(operation.path)) return;
      world.disk.onOperation = undefined;
      world.disk.inject({ method, path, code });
    };
    await refused(log.append(big('x')), 'fenced');
    expect(log.fencedBy?.code).toBe('fenced');
  });
});

it('given no descriptors left for syncing the directory, when a segment is to be begun, then the append is refused, and the log goes on', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 3);
  world.disk.inject({ method: 'syncDirectory', code: 'EMFILE' });
  await refused(log.append(big('b4')), 'too-many-files');
  await log.append(big('b4'));
  expect(log.tail.index).toBe(4);
});
