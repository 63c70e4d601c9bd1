import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fieldAt } from '../src/header.js';
import {
  appendTimeOf,
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  batchTypes,
  bodyCrcOf,
  countOf,
  headerBytes,
  headerCrcOf,
  indexOf,
  lengthOf,
  nextOffsetOf,
  producerEpochOf,
  producerIdOf,
  readHeader,
  termOf,
  typeOf,
} from '../src/index.js';
import { goldenStamped } from './golden.js';
import { expectRefusal } from './refusal.js';

describe('readHeader', () => {
  it('gives every field of a stamped batch', () => {
    expect(readHeader(goldenStamped)).toEqual({
      length: 115,
      index: 12,
      term: 4,
      baseOffset: 1000,
      count: 2,
      type: batchTypes.data,
      attributes: 0,
      producerEpoch: 3,
      producerId: 0x11_2233_4455,
      baseSequence: 41,
      bodyCrc: crc32(goldenStamped.subarray(headerBytes)),
      appendTime: 1_767_225_600_123,
    });
  });

  it('given a batch in the middle of other bytes, when told where, then it reads there', () => {
    const bytes = Buffer.concat([Buffer.alloc(7, 0xff), goldenStamped, Buffer.alloc(7, 0xff)]);
    expect(readHeader(bytes, 7)).toEqual(readHeader(goldenStamped));
  });

  it.each([0, 1, 63])('given %i bytes, then it is refused as truncated', (bytes) => {
    expectRefusal(() => readHeader(goldenStamped.subarray(0, bytes)), 'truncated', { expected: 64, found: bytes });
  });

  it('given zeroed disk, then it is refused by its type, 0', () => {
    expectRefusal(() => readHeader(Buffer.alloc(64)), 'type', { at: 36, found: 0 });
  });

  it.each(['index', 'term', 'baseOffset', 'producerId'] as const)(
    'given %s above 2^53 − 1, then it is refused, not rounded',
    (field) => {
      const batch = Buffer.from(goldenStamped);
      batch.writeBigUInt64LE(2n ** 53n, fieldAt[field]);
      expectRefusal(() => readHeader(batch), 'number', { at: fieldAt[field], found: 2n ** 53n });
    },
  );
});

describe('the accessors', () => {
  it('agree with readHeader', () => {
    const at = 5;
    const bytes = Buffer.concat([Buffer.alloc(at), goldenStamped]);
    expect({
      length: lengthOf(bytes, at),
      index: indexOf(bytes, at),
      term: termOf(bytes, at),
      baseOffset: baseOffsetOf(bytes, at),
      count: countOf(bytes, at),
      type: typeOf(bytes, at),
      attributes: attributesOf(bytes, at),
      producerEpoch: producerEpochOf(bytes, at),
      producerId: producerIdOf(bytes, at),
      baseSequence: baseSequenceOf(bytes, at),
      bodyCrc: bodyCrcOf(bytes, at),
      appendTime: appendTimeOf(bytes, at),
    }).toEqual(readHeader(goldenStamped));
    expect(headerCrcOf(bytes, at)).toBe(crc32(goldenStamped.subarray(4, 64)));
    expect(nextOffsetOf(bytes, at)).toBe(1002);
  });
});
