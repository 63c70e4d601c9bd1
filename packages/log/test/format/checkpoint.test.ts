import { expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/format/checkpoint.js';
import { hexBytes, withOneBitFlipped } from '../bytes.js';

const key = { index: 40, term: 3 };

const golden = hexBytes(`
  be 0a 79 93  43 4b 50 31  28 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00  73 74 61 74 65
`);

it('given the golden checkpoint, when it is encoded and decoded, then neither has drifted', () => {
  expect(encodeCheckpoint(key, Buffer.from('state')).toString('hex')).toBe(golden.toString('hex'));
  expect(decodeCheckpoint(golden, key)?.toString()).toBe('state');
});

it('given an empty state, then it is not the same as none', () => {
  expect(decodeCheckpoint(encodeCheckpoint(key, Buffer.alloc(0)), key)).toEqual(Buffer.alloc(0));
});

it('given any flipped bit, any cut, or another key, then there is no state', () => {
  for (const damaged of withOneBitFlipped(golden)) expect(decodeCheckpoint(damaged, key)).toBeUndefined();
  for (let length = 0; length < golden.length; length += 1) {
    expect(decodeCheckpoint(golden.subarray(0, length), key)).toBeUndefined();
  }
  expect(decodeCheckpoint(golden, { index: 41, term: 3 })).toBeUndefined();
  expect(decodeCheckpoint(golden, { index: 40, term: 4 })).toBeUndefined();
});
