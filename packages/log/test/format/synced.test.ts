import { expect, it } from 'vitest';
import { decodeSlot, encodeSlot, slotDistance } from '../../src/format/synced.js';
import { hexBytes, withOneBitFlipped } from '../bytes.js';

const slot = {
  sequence: 9,
  segmentId: 3,
  position: 4096,
  end: { index: 52, term: 4, nextOffset: 1000, appendTime: 1_767_225_600_123 },
};

const golden = hexBytes(`
  16 3f 5f ec  53 59 4e 31  09 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00  00 10 00 00 00 00 00 00
  34 00 00 00 00 00 00 00  04 00 00 00 00 00 00 00  e8 03 00 00 00 00 00 00  7b a8 da 76 9b 01 00 00
`);

it('given the golden slot, when it is encoded and decoded, then neither has drifted', () => {
  expect(encodeSlot(slot).toString('hex')).toBe(golden.toString('hex'));
  expect(decodeSlot(golden)).toEqual(slot);
  expect(decodeSlot(Buffer.concat([golden, Buffer.alloc(100, 0xff)]))).toEqual(slot);
});

it('given any flipped bit, a cut slot, or zeros, then there is no slot', () => {
  for (const damaged of withOneBitFlipped(golden)) expect(decodeSlot(damaged)).toBeUndefined();
  for (const length of [0, 1, 63]) expect(decodeSlot(golden.subarray(0, length))).toBeUndefined();
  expect(decodeSlot(Buffer.alloc(64))).toBeUndefined();
});

it('given two slots, then no sector of 4,096 bytes holds both', () => {
  expect(slotDistance).toBe(4096);
});
