import { appendTimeOf } from '@commitlog/record';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type IndexEntry, SparseIndex } from '../src/sparse-index.js';
import { hexBytes, withOneBitFlipped } from './bytes.js';
import { batchOf, big, stampedAfter, World } from './world.js';

const base = { index: 40, term: 3, nextOffset: 900, appendTime: 1_767_225_600_000 };
const entries: IndexEntry[] = [
  { index: 41, offset: 900, position: 64, time: 1_767_225_600_001 },
  { index: 50, offset: 990, position: 40_000, time: 1_767_225_600_100.5 },
];
const segmentBytes = 100_000;

function indexOf(list: readonly IndexEntry[]): SparseIndex {
  const index = new SparseIndex(base);
  for (const entry of list) index.add(entry);
  return index;
}

const golden = hexBytes(`
  cf 41 bc 26  49 44 58 31  03 00 00 00 00 00 00 00  02 00 00 00
  01 00 00 00  00 00 00 00  40 00 00 00  00 10 80 aa 6d b7 79 42
  0a 00 00 00  5a 00 00 00  40 9c 00 00  00 48 86 aa 6d b7 79 42
`);

it('given the golden index, when it is encoded and decoded, then neither has drifted', () => {
  expect(indexOf(entries).encode(3).toString('hex')).toBe(golden.toString('hex'));
  expect([...SparseIndex.decode(golden, 3, base, segmentBytes)!.entries()]).toEqual(entries);
});

it('given any doubt about the file, then it is not used', () => {
  for (const damaged of withOneBitFlipped(golden)) {
    expect(SparseIndex.decode(damaged, 3, base, segmentBytes)).toBeUndefined();
  }
  for (let length = 0; length < golden.length; length += 1) {
    expect(SparseIndex.decode(golden.subarray(0, length), 3, base, segmentBytes)).toBeUndefined();
  }
  expect(SparseIndex.decode(golden, 4, base, segmentBytes)).toBeUndefined();
  // It is of a time before the segment was truncated.
  expect(SparseIndex.decode(golden, 3, base, 40_000)).toBeUndefined();
});

it('given batches, when they are offered, then the first is noted, and then one about every 32 KiB', () => {
  const index = new SparseIndex(base);
  let position = 64;
  let previous = base;
  const offered: number[] = [];
  for (let count = 0; count < 200; count += 1) {
    const batch = stampedAfter(previous, batchOf('x'.repeat(1000)));
    index.offer(position, batch, 0);
    offered.push(position);
    previous = { ...previous, index: previous.index + 1, nextOffset: previous.nextOffset + 1 };
    position += batch.length;
    expect(index.firstTime).toBe(appendTimeOf(batch));
  }
  const noted = [...index.entries()].map((entry) => entry.position);
  expect(noted[0]).toBe(64);
  for (const [at, next] of noted.slice(1).entries()) {
    expect(next - noted[at]!).toBeGreaterThanOrEqual(32 * 1024);
    expect(next - noted[at]!).toBeLessThan(34 * 1024);
    expect(offered).toContain(next);
  }
});

it('given an empty index, when anything is looked up, then it leads to the start of the segment', () => {
  const start = { index: 41, offset: 900, position: 64, time: base.appendTime };
  const index = new SparseIndex(base);
  expect(index.firstTime).toBeUndefined();
  expect([index.floorByIndex(99), index.floorByOffset(9999), index.floorByTime(2 ** 50)]).toEqual([
    start,
    start,
    start,
  ]);
});

it('given any entries, when something is looked up, then every way leads to the same entry that a walk would find', () => {
  const steps = fc.array(
    fc.record({
      index: fc.integer({ min: 1, max: 1000 }),
      offset: fc.integer({ min: 0, max: 1000 }),
      position: fc.integer({ min: 64, max: 100_000 }),
      time: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 80 },
  );
  fc.assert(
    fc.property(steps, fc.nat(80_000), fc.nat(200), (list, wanted, later) => {
      let last: IndexEntry = { index: base.index, offset: base.nextOffset, position: 0, time: base.appendTime };
      const all = list.map((step, at) => {
        last = {
          index: last.index + step.index,
          // The first batch of a segment begins where the segment does.
          offset: last.offset + (at === 0 ? 0 : step.offset),
          position: last.position + step.position,
          time: last.time + step.time,
        };
        return last;
      });
      const index = indexOf(all);
      index.shrink();
      const start = { index: 41, offset: 900, position: 64, time: base.appendTime };
      const [byIndex, byOffset, byTime] = [base.index + wanted, base.nextOffset + wanted, base.appendTime + later];
      expect(index.floorByIndex(byIndex)).toEqual(all.findLast((entry) => entry.index <= byIndex) ?? start);
      expect(index.floorByOffset(byOffset)).toEqual(all.findLast((entry) => entry.offset <= byOffset) ?? start);
      expect(index.floorByTime(byTime)).toEqual(all.findLast((entry) => entry.time < byTime) ?? start);
      const read = SparseIndex.decode(index.encode(8), 8, base, Number.MAX_SAFE_INTEGER)!;
      expect([...read.entries()]).toEqual(all);
      expect(read.byteLength).toBe(all.length * 20);
    }),
  );
});

it('given an index that was shrunk while empty, when an entry is added, then it is there', () => {
  const index = new SparseIndex(base);
  index.shrink();
  const [entry] = entries;
  index.add(entry!);
  expect([...index.entries()]).toEqual([entry]);
  expect(index.firstTime).toBe(entry!.time);
});

it('given a log that was opened while empty, when it has grown, then a look-up reads no more than a stretch of it', async () => {
  const world = new World();
  await (await world.open()).close();
  const log = await world.open({ segmentBytes: 1 << 20 });
  for (let count = 0; count < 200; count += 1) await log.append(big(`b${count}`));
  let readBytes = 0;
  world.disk.onOperation = ({ method, bytes = 0 }) => {
    if (method === 'read') readBytes += bytes;
  };
  await log.read({ from: { index: 190 }, maxBytes: 1 });
  expect(readBytes).toBeLessThan(100_000);
});

it('given a log that was opened while empty, when its first segment is sealed and the log opened again, then its saved index is used', async () => {
  const world = new World();
  await (await world.open()).close();
  const log = await world.open();
  for (let count = 0; count < 8; count += 1) await log.append(big(`b${count}`));
  await log.close();
  const again = await world.open();
  let readBytes = 0;
  world.disk.onOperation = ({ method, path, bytes = 0 }) => {
    if (method === 'read' && path.endsWith('-1.log')) readBytes += bytes;
  };
  const { bytes } = await again.read({ from: { index: 2 }, maxBytes: 1 });
  expect(again.damage).toEqual([]);
  // The first batch to walk past, and the one that is read; a survey would read all of the segment once more.
  expect(readBytes).toBeLessThan(2 * 4096 + bytes.length);
});
