import { expect, it } from 'vitest';
import { copyBytes, copyDistance, decodeCopy, encodeCopy } from '../../src/format/hard-state.js';
import { hexBytes, withOneBitFlipped } from '../bytes.js';

const storageId = '00112233445566778899aabbccddeeff';
const copy = { sequence: 6, state: { term: 4, vote: 'nöde-b', commitHint: 50, storageId } };

/** Bytes 64 to 511 are zero. */
const goldenStart = hexBytes(`
  9a 7a d2 9c  48 53 54 31  06 00 00 00 00 00 00 00  04 00 00 00 00 00 00 00  32 00 00 00 00 00 00 00
  00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff
  07 00  6e c3 b6 64 65 2d 62  00 00 00 00 00 00 00
`);
const golden = Buffer.concat([goldenStart, Buffer.alloc(copyBytes - goldenStart.length)]);

const goldenWithoutVote = hexBytes(`
  4c 49 64 fb  48 53 54 31  06 00 00 00 00 00 00 00  04 00 00 00 00 00 00 00  32 00 00 00 00 00 00 00
  00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff
  ff ff  00 00 00 00 00 00 00 00 00 00 00 00 00 00
`);

it('given the golden copies, when they are encoded and decoded, then neither has drifted', () => {
  expect(encodeCopy(copy).toString('hex')).toBe(golden.toString('hex'));
  expect(decodeCopy(golden)).toEqual(copy);
  const withoutVote = { ...copy, state: { ...copy.state, vote: null } };
  expect(encodeCopy(withoutVote).subarray(0, 64).toString('hex')).toBe(goldenWithoutVote.toString('hex'));
  expect(decodeCopy(encodeCopy(withoutVote))).toEqual(withoutVote);
});

it('given two copies, then each is one sector, and no 4,096 bytes hold both', () => {
  expect([copyBytes, copyDistance]).toEqual([512, 4096]);
});

it('given any flipped bit, a cut copy, or zeros, then there is no copy', () => {
  for (const damaged of withOneBitFlipped(golden)) expect(decodeCopy(damaged)).toBeUndefined();
  expect(decodeCopy(golden.subarray(0, 511))).toBeUndefined();
  expect(decodeCopy(Buffer.alloc(512))).toBeUndefined();
});

it('given a vote of 255 bytes, of none, or numbers up to 2^53−1, then they come back as they were', () => {
  for (const vote of ['x'.repeat(255), '']) {
    const state = { term: Number.MAX_SAFE_INTEGER, vote, commitHint: Number.MAX_SAFE_INTEGER, storageId };
    expect(decodeCopy(encodeCopy({ sequence: 1, state }))).toEqual({ sequence: 1, state });
  }
});

it.each([
  { vote: 'x'.repeat(256) },
  { vote: 'ö'.repeat(128) },
  { term: -1 },
  { term: 2 ** 53 },
  { commitHint: 0.5 },
  { storageId: 'AB'.repeat(16) },
  { storageId: 'ab' },
])('given %o, then the state is refused', (wrong) => {
  expect(() => encodeCopy({ sequence: 1, state: { ...copy.state, ...wrong } })).toThrow(
    expect.objectContaining({ code: 'settings' }),
  );
});
