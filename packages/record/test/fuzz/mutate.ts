import { Buffer } from 'node:buffer';
import { checkFields } from '../../src/check.js';
import { BatchError } from '../../src/errors.js';
import {
  batchTypes,
  computeBodyCrc,
  computeHeaderCrc,
  countOf,
  fieldAt,
  headerBytes,
  lengthOf,
  requireHeader,
  typeOf,
} from '../../src/header.js';
import { VarintReader, varintBytes, writeVarint } from '../../src/varint.js';
import { baseTimeBytes, RecordWalk } from '../../src/walk.js';
import { someBatch, someBytes } from './corpus.js';
import type { Seeded } from './random.js';

type Mutation = (bytes: Buffer, random: Seeded) => Buffer;

const interestingBytes = [0x00, 0x01, 0x02, 0x7e, 0x7f, 0x80, 0x81, 0xc3, 0xfe, 0xff];
const interestingLengths = [0, 1, 63, 64, 72, 76, 77, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const interestingVarints = [
  0,
  -1,
  -2,
  1,
  63,
  64,
  8191,
  8192,
  0x3fff_ffff,
  0x4000_0000,
  2 ** 31,
  -(2 ** 40),
  2 ** 53 - 1,
];

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = random.below(bytes.length);
    bytes[at]! ^= 1 << random.below(8);
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[random.below(bytes.length)] = random.pick(interestingBytes);
    return bytes;
  },
  function setBodyByte(bytes, random) {
    if (bytes.length > headerBytes) {
      bytes[headerBytes + random.below(bytes.length - headerBytes)] = random.pick(interestingBytes);
    }
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function extend(bytes, random) {
    return Buffer.concat([bytes, someBytes(random, 80)]);
  },
  function append(bytes, random) {
    return Buffer.concat([bytes, someBatch(random)]);
  },
  function setLengthField(bytes, random) {
    const length = random.oneIn(2) ? bytes.length + random.below(9) - 4 : random.pick(interestingLengths);
    return setUint32(bytes, fieldAt.length, length);
  },
  function setCountField(bytes, random) {
    const near = bytes.length >= headerBytes ? bytes.readUInt32LE(fieldAt.count) + random.below(5) - 2 : 0;
    return setUint32(bytes, fieldAt.count, random.oneIn(2) ? near : random.pick(interestingLengths));
  },
  function setTypeOrAttributes(bytes, random) {
    bytes[Math.min(bytes.length - 1, fieldAt.type + random.below(2))] = random.oneIn(4)
      ? random.below(256)
      : random.below(8);
    return bytes;
  },
  function setLeaderField(bytes, random) {
    const at = random.pick([fieldAt.index, fieldAt.term, fieldAt.baseOffset, fieldAt.appendTime]);
    const low = random.below(5) - 2;
    const high = random.pick([0, 1, 0x1f_ffff, 0x20_0000, 0xffff_ffff]);
    return setUint32(setUint32(bytes, at, low), at + 4, high);
  },
  function putVarint(bytes, random) {
    return replace(bytes, bodyPosition(bytes, random), random.below(3), varintOf(random.pick(interestingVarints)));
  },
  function padVarint(bytes, random) {
    return atSomeVarint(bytes, random, (varint) => {
      const padded = Buffer.concat([varint, Buffer.alloc(1 + random.below(2))]);
      for (let i = varint.length - 1; i < padded.length - 1; i += 1) padded[i]! |= 0x80;
      return padded;
    });
  },
  function setVarint(bytes, random) {
    return atSomeVarint(bytes, random, () => varintOf(random.pick(interestingVarints)));
  },
  function putOverlongVarint(bytes, random) {
    const padded = Buffer.alloc(2 + random.below(9), 0x80);
    padded[0] = random.below(256) | 0x80;
    padded[padded.length - 1] = random.below(2);
    return replace(bytes, bodyPosition(bytes, random), random.below(3), padded);
  },
  function splice(bytes, random) {
    const other = someBatch(random);
    const from = random.below(other.length);
    const piece = other.subarray(from, from + 1 + random.below(40));
    return replace(bytes, random.below(bytes.length), random.below(40), piece);
  },
  function duplicateRange(bytes, random) {
    const from = bodyPosition(bytes, random);
    return replace(bytes, from, 0, bytes.subarray(from, from + 1 + random.below(40)));
  },
  function removeRange(bytes, random) {
    return replace(bytes, bodyPosition(bytes, random), 1 + random.below(20), Buffer.alloc(0));
  },
  function zeroRange(bytes, random) {
    const from = random.below(bytes.length);
    return bytes.fill(0, from, Math.min(bytes.length, from + 1 + random.below(30)));
  },
];

/**
 * A well-formed batch with up to four things wrong with it. Most get a right length and right checksums again, since
 * otherwise nothing behind the checksums would ever be reached.
 */
export function mutatedBatch(random: Seeded): Buffer {
  let bytes = someBatch(random);
  const times = random.below(5);
  for (let i = 0; i < times && bytes.length > 0; i += 1) bytes = random.pick(mutations)(bytes, random);
  if (bytes.length >= headerBytes) {
    if (!random.oneIn(4)) bytes.writeUInt32LE(bytes.length, fieldAt.length);
    if (!random.oneIn(8)) remakeChecksums(bytes);
  }
  return bytes;
}

function remakeChecksums(bytes: Buffer): void {
  if (lengthOf(bytes) >= headerBytes) bytes.writeUInt32LE(computeBodyCrc(bytes), fieldAt.bodyCrc);
  bytes.writeUInt32LE(computeHeaderCrc(bytes), fieldAt.headerCrc);
}

/**
 * Puts another varint in the place of one of a record's own, and makes the record's length right again, so that nothing but
 * that varint is wrong. Leaves bytes alone in which no record can be read any more.
 */
function atSomeVarint(bytes: Buffer, random: Seeded, change: (varint: Buffer) => Buffer): Buffer {
  const found = someRecord(bytes, random);
  if (found === undefined) return bytes;
  const { start, walk } = found;
  const varints = new VarintReader(bytes, start, bytes.length);
  const length = varints.read();
  const partsAt = varints.at;
  const recordEnd = partsAt + length;

  const at = random.pick([
    start,
    partsAt,
    walk.keyAt - varintBytes(walk.keyLength),
    walk.valueAt - varintBytes(walk.valueLength),
    walk.headersAt - varintBytes(walk.headerCount),
  ]);
  varints.at = at;
  varints.read();
  const old = bytes.subarray(at, varints.at);
  const put = change(Buffer.from(old));
  if (at === start) return replace(bytes, at, old.length, put);
  const parts = replace(bytes.subarray(partsAt, recordEnd), at - partsAt, old.length, put);
  return Buffer.concat([bytes.subarray(0, start), varintOf(parts.length), parts, bytes.subarray(recordEnd)]);
}

/** A record that can still be read, and where it starts. */
function someRecord(bytes: Buffer, random: Seeded): { start: number; walk: RecordWalk } | undefined {
  try {
    requireHeader(bytes, 0);
    checkFields(bytes, 0, bytes.length);
    if (typeOf(bytes) !== batchTypes.data) return undefined;
    const walk = new RecordWalk(bytes);
    const varints = new VarintReader(bytes, headerBytes + baseTimeBytes, bytes.length);
    for (let skip = random.below(Math.min(countOf(bytes), 20)); walk.next(); skip -= 1) {
      const start = varints.at;
      if (skip === 0) return { start, walk };
      const length = varints.read();
      varints.at += length;
    }
    return undefined;
  } catch (error) {
    if (error instanceof BatchError) return undefined;
    throw error;
  }
}

function varintOf(value: number): Buffer {
  const bytes = Buffer.alloc(varintBytes(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

/** Takes the value modulo 2^32; does nothing where the bytes end before it would. */
function setUint32(bytes: Buffer, at: number, value: number): Buffer {
  if (bytes.length >= at + 4) bytes.writeUInt32LE(value >>> 0, at);
  return bytes;
}

function replace(bytes: Buffer, at: number, removed: number, put: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + removed))]);
}

/** Somewhere in the body; anywhere if there is none. */
function bodyPosition(bytes: Buffer, random: Seeded): number {
  return bytes.length > headerBytes
    ? headerBytes + random.below(bytes.length - headerBytes)
    : random.below(bytes.length);
}
