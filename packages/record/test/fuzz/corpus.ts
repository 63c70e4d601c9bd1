import { Buffer } from 'node:buffer';
import { batchTypes, encodeBatch, encodeControlBatch, type RecordInput, stampBatch } from '../../src/index.js';
import { goldenInput, goldenProducer } from '../golden.js';
import type { Seeded } from './random.js';

const shapes: readonly ((random: Seeded) => Buffer)[] = [
  () => encodeBatch(goldenInput, goldenProducer),
  (random) => encodeBatch(someRecords(random, 1 + random.below(4))),
  (random) => encodeBatch(someRecords(random, 1 + random.below(40))),
  (random) => encodeBatch(Array.from({ length: 1 + random.below(80) }, () => ({ value: Buffer.alloc(0) }))),
  (random) => encodeControlBatch(random.pick([batchTypes.noop, batchTypes.configuration]), someBytes(random, 40)),
];

/** A well-formed batch of at most a few KiB, stamped once in two times. */
export function someBatch(random: Seeded): Buffer {
  const batch = random.pick(shapes)(random);
  if (random.oneIn(2)) {
    const appendTime = random.pick([0, 1, -1, Number.MAX_SAFE_INTEGER]);
    stampBatch(batch, { index: random.below(1000), term: random.below(9), baseOffset: random.below(1e6), appendTime });
  }
  return batch;
}

export function someBytes(random: Seeded, bytesMax: number): Buffer {
  const bytes = Buffer.alloc(random.below(bytesMax + 1));
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = random.below(256);
  return bytes;
}

function someRecords(random: Seeded, count: number): RecordInput[] {
  const time = random.pick([0, 1_767_225_600_000, -1, Number.MAX_SAFE_INTEGER]);
  return Array.from({ length: count }, () => ({
    value: someBytes(random, random.oneIn(8) ? 300 : 20),
    key: random.oneIn(2) ? someBytes(random, 12) : undefined,
    time: time - random.below(3000),
    headers: Array.from({ length: random.oneIn(3) ? random.below(5) : 0 }, () => ({
      key: random.pick(['', 'trace', 'träger', '痕跡', '🪵']),
      value: random.oneIn(3) ? undefined : someBytes(random, 8),
    })),
  }));
}
