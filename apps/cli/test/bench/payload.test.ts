import { nodeRandom } from '@commitlog/runtime/node';
import { expect, it } from 'vitest';
import { isAllThere } from '../../src/bench/consume.js';
import { Payload } from '../../src/bench/payload.js';

/** A log that gives these values. */
function logOf(values: readonly Uint8Array[]): Parameters<typeof isAllThere>[0] {
  const batches = async function* () {
    for (const value of values) yield { records: [{ value }] };
  };
  return { read: () => ({ batches }) } as unknown as Parameters<typeof isAllThere>[0];
}

const payload = new Payload(64, nodeRandom);
const others = new Payload(64, nodeRandom).make(1);
const [first, second, third] = [payload.make(0), payload.make(1), payload.make(2)];
const spoilt = Buffer.from(second);
spoilt[40]! ^= 1;

it.each<[string, Uint8Array[], boolean]>([
  ['all of them', [first, second, third], true],
  ['records of others between', [first, others, second, Buffer.from('x'), third], true],
  ['one missing', [first, third], false],
  ['the last missing', [first, second], false],
  ['one twice', [first, second, second, third], false],
  ['another order', [second, first, third], false],
  ['one that is not what it was', [first, spoilt, third], false],
])('what verifying says of %s', async (_, values, expected) => {
  expect(await isAllThere(logOf(values), { payload, from: 0, records: 3 }, {}, () => {})).toBe(expected);
});
