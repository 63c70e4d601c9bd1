import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { encodeSegmentHeader, segmentHeaderProblem } from '../../src/format/segment-header.js';
import { hexBytes, withOneBitFlipped } from '../bytes.js';

const header = { cluster: '00112233445566778899aabbccddeeff', log: 7, id: 3, baseIndex: 41, baseOffset: 2 ** 40 + 5 };

/** Headers like this are on disks: the format may be followed by a version 2, and never change. */
const golden = hexBytes(`
  43 4d 54 4c 4f 47 53 47  01 00 00 00  00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff
  07 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00  29 00 00 00 00 00 00 00  05 00 00 00 00 01 00 00
  d1 0b ba dd
`);

it('given the golden header, when it is encoded, then the golden bytes come out', () => {
  expect(encodeSegmentHeader(header).toString('hex')).toBe(golden.toString('hex'));
});

it('given what the manifest says, when the header says the same, then nothing is wrong', () => {
  expect(segmentHeaderProblem(golden, header, '/log/a')).toBeUndefined();
});

it('given any flipped bit, when a header is looked at, then it is damaged, and never taken for a stranger or a newer format', () => {
  for (const damaged of withOneBitFlipped(golden)) {
    expect(segmentHeaderProblem(damaged, header, '/log/a')).toMatchObject({ isForeign: false });
  }
});

it('given too few bytes, then the problem says how many there are', () => {
  const problem = segmentHeaderProblem(golden.subarray(0, 63), header, '/log/a');
  expect(problem).toEqual({ reason: 'expected a header of 64 bytes, found 63', isForeign: false });
});

it.each([{ cluster: 'ff'.repeat(16) }, { log: 8 }, { id: 4 }, { baseIndex: 42 }, { baseOffset: 0 }])(
  'given a whole header with another %o, then it is a stranger’s',
  (other) => {
    expect(segmentHeaderProblem(encodeSegmentHeader({ ...header, ...other }), header, '/log/a')?.isForeign).toBe(true);
  },
);

it('given a later version with its checksum right, then it is a newer format, not damage', () => {
  const newer = Buffer.from(golden);
  newer.writeUInt32LE(2, 8);
  newer.writeUInt32LE(crc32(newer.subarray(0, 60)), 60);
  expect(() => segmentHeaderProblem(newer, header, '/log/a')).toThrow(
    expect.objectContaining({ code: 'newer-format', path: '/log/a' }),
  );
});
