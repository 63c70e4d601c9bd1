import { expect, it } from 'vitest';
import { appendBig, batchOf, big, valuesOf, World, words } from './world.js';

// A cache that could not be closed failed the append, with an error that was none of this package's.
it.each([/\.index$/, /MANIFEST\.new$/, /-1\.log$/])(
  'given %s cannot be closed, then the append is taken',
  async (path) => {
    const world = new World();
    const log = await world.open();
    await appendBig(log, 1, 3);
    world.disk.inject({ method: 'close', path, code: 'EIO' });
    await log.append(big('b4'));
    expect(await valuesOf(log)).toEqual(words(1, 4));
  },
);

it('given a file that cannot be closed, when the log is reset and appended to, then what is acknowledged can be read', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  await valuesOf(log);
  world.disk.inject({ method: 'close', path: /\.log$/, code: 'EIO', times: 3 });
  await log.reset({ index: 100, term: 3, nextOffset: 100, appendTime: 0 });
  await log.append(batchOf('a'));
  expect(await valuesOf(log)).toEqual(['a']);
});
