import type { Log } from '@commitlog/log';
import { describe, expect, it } from 'vitest';
import { appendBig, appendEach, quiet, refused, valuesIn, valuesOf, World, words } from './world.js';

describe('a reader whose batches are replaced by others of the same term and time', () => {
  const changes = [
    ['truncated', (log: Log) => log.truncateAfter(2)],
    ['reset', (log: Log) => log.reset({ index: 2, term: 1, nextOffset: 2, appendTime: 0 })],
  ] as const;

  // A slice read ahead was empty, its cursor had no place, and the follower went on behind what it had never read.
  it.each(changes)('given a follower that uses a slice while the log is %s, then it is refused', async (_, change) => {
    const log = await new World().open();
    await appendEach(log, 'a1', 'a2', 'a3', 'a4', 'a5');
    const following = log.slices({ from: 'start', follow: true });
    await following.next();
    await quiet();
    await change(log);
    await appendEach(log, 'b3', 'b4', 'b5', 'b6', 'b7');
    await refused(following.next(), 'out-of-range');
  });

  // What was read ahead before the log was truncated was yielded after it.
  it.each(changes)('given a slice that was read ahead before the log is %s, then it is refused', async (_, change) => {
    const log = await new World().open();
    await appendBig(log, 1, 6);
    const reading = log.slices({ from: 'start', maxBytes: 3000 });
    await reading.next();
    await quiet();
    await change(log).then(() => log.truncateAfter(2));
    if (log.start.index === 0) await log.truncateAfter(1);
    await appendBig(log, 7, 12);
    await refused(reading.next(), 'out-of-range');
  });

  it.each(changes)('given the cursor of an empty slice, when the log is %s, then it is refused', async (_, change) => {
    const log = await new World().open();
    await appendEach(log, 'a1', 'a2', 'a3');
    const read = await log.read({ from: 'start' });
    const polled = await log.read({ from: read.next });
    expect(polled.bytes.length).toBe(0);
    await change(log);
    await appendEach(log, 'b3', 'b4');
    await refused(log.read({ from: polled.next }), 'out-of-range');
    await refused(log.read({ from: read.next }), 'out-of-range');
  });

  it('given only what it has not read was truncated, then it reads what took its place, also of what was read ahead', async () => {
    const log = await new World().open();
    await appendBig(log, 1, 6);
    const reading = log.slices({ from: 'start', maxBytes: 3000 });
    const values = valuesIn((await reading.next()).value!.bytes);
    await quiet();
    await log.truncateAfter(values.length);
    await appendEach(log, 'new');
    for await (const { bytes } of reading) values.push(...valuesIn(bytes));
    expect(values.at(-1)).toBe('new');
    expect(values.slice(0, -1)).toEqual(words(1, values.length - 1));
  });
});

it.each([
  ['maxBytes', BigInt(5)],
  ['maxBytes', '5'],
  ['throughIndex', 'abc'],
])('given %s of another type (%s), then the read is refused as a setting', async (name, value) => {
  const log = await new World().open();
  await appendEach(log, 'a');
  expect((await refused(log.read({ from: 'start', [name]: value }), 'settings')).message).toContain(name);
});

it('given a signal that is none, then waiting is refused as a setting', async () => {
  const log = await new World().open();
  expect((await refused(log.reached(5, 'x' as never), 'settings')).message).toContain('signal');
});

// Damage of what was trimmed was found by every time up to then.
it.each(['header', 'body'] as const)(
  'given damage below the start (a %s), when the log is read from a time up to then, then it is read from the start',
  async (part) => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    await appendBig(log, 1, 2);
    world.clock.advance(1000);
    await appendBig(log, 3, 10);
    await log.trimBefore(8);
    world.damage(log, 3, part);
    for (const time of [0, log.start.appendTime - 1, log.start.appendTime]) {
      expect(await valuesOf(log, { time })).toEqual(words(8, 10));
    }
    expect(await valuesOf(log, { time: log.start.appendTime + 1 })).toEqual([]);
    await refused(log.read({ from: { time: Number.NEGATIVE_INFINITY } }), 'out-of-range');
  },
);

describe('a request that is none', () => {
  it.each<[string, string, (log: Log) => AsyncIterable<unknown>]>([
    ['no request to slices', 'from', (log) => log.slices(null as never)],
    ['no request to records', 'from', (log) => log.records(null as never)],
    ['nothing to records', 'from', (log) => log.records(undefined as never)],
    ['a number for a request', 'from', (log) => log.slices(5 as never)],
    ['a signal that is none', 'signal', (log) => log.slices({ from: 'start', signal: {} as never })],
    [
      'a signal that is none, to a follower',
      'signal',
      (log) => log.slices({ from: 'end', follow: true, signal: 'stop' as never }),
    ],
  ])('given %s, then it is refused as a setting, once it is iterated', async (_, name, iterate) => {
    const log = await new World().open();
    await appendEach(log, 'a');
    const iterator = iterate(log)[Symbol.asyncIterator]();
    expect((await refused(iterator.next(), 'settings')).message).toContain(name);
  });
});

describe('a reader of the whole log', () => {
  it('given a log that was opened anew, when it is read from its first index on, then no index is taken into memory for it', async () => {
    const world = new World();
    const before = await world.open();
    await appendBig(before, 1, 20);
    await before.close();
    const log = await world.open();
    expect(log.segments.length).toBeGreaterThan(3);
    const { indexBytes } = log;
    let batches = 0;
    for await (const { bytes } of log.slices({ from: { index: 1 } })) batches += bytes.length > 0 ? 1 : 0;
    expect(batches).toBeGreaterThan(3);
    expect(log.indexBytes).toBe(indexBytes);
    await log.read({ from: { index: 2 } });
    expect(log.indexBytes).toBeGreaterThan(indexBytes);
    await log.close();
  });
});
