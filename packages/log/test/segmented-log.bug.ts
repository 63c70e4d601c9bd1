import { expect, it } from 'vitest';
import { appendBig, batchOf, valuesOf, World, words } from './world.js';

it('given two truncations at once, and appends between them, then each happens in its turn', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 9);
  const first = log.truncateAfter(7);
  const between = log.append(batchOf('between'));
  const second = log.truncateAfter(3);
  const after = log.append(batchOf('after'));
  await Promise.all([first, between, second, after]);
  // What was appended while the tail moved follows where it came to rest.
  expect(await valuesOf(log)).toEqual([...words(1, 3), 'between', 'after']);
});
