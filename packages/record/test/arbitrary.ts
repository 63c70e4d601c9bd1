import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import type { RecordInput } from '../src/index.js';

/** Any number that this package can hold. */
export const safeInteger: fc.Arbitrary<number> = fc.maxSafeInteger();

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const header = fc.record({
  key: fc.string({ unit: 'binary', maxLength: 12 }),
  value: fc.option(bytes, { nil: undefined }),
});

/**
 * Records as odd as they come: no key or an empty one, empty values, many headers, keys in any script. Their times are
 * within half of the safe range, so that any two fit into one batch.
 */
export const records: fc.Arbitrary<Required<RecordInput>[]> = fc.array(
  fc.record({
    key: fc.option(bytes, { nil: undefined }),
    value: bytes,
    headers: fc.array(header, { maxLength: 6 }),
    time: fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 })),
  }) as fc.Arbitrary<Required<RecordInput>>,
  { minLength: 1, maxLength: 20 },
);
