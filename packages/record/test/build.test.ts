import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admitBatch,
  baseTimeOf,
  batchTypes,
  encodeBatch,
  encodeControlBatch,
  type RecordInput,
  readHeader,
  records,
} from '../src/index.js';
import { records as arbitraryRecords } from './arbitrary.js';
import { goldenProducer } from './golden.js';
import { expectRefusal } from './refusal.js';

const { MAX_SAFE_INTEGER } = Number;
const value = Buffer.from('value');
const sixteenMebibytes = Buffer.alloc(2 ** 24);

/** What a record says, apart from its place in a batch. */
function contents({ key, value, headers, time }: RecordInput): unknown {
  return {
    key: key && Buffer.from(key),
    value: Buffer.from(value),
    time,
    headers: (headers ?? []).map((header) => [header.key, header.value && Buffer.from(header.value)]),
  };
}

describe('encodeBatch', () => {
  it('given any records, when they are encoded and read, then they are the same, at consecutive offsets', () => {
    fc.assert(
      fc.property(arbitraryRecords, (input) => {
        const batch = encodeBatch(input);
        const read = [...records(batch)];
        expect(read.map(contents)).toEqual(input.map(contents));
        expect(read.map(({ offset }) => offset)).toEqual(input.map((_, i) => i));
      }),
    );
  });

  it('given what was read from a batch, when it is encoded again, then the same bytes come out', () => {
    fc.assert(
      fc.property(arbitraryRecords, (input) => {
        const batch = encodeBatch(input, goldenProducer);
        const again = encodeBatch([...records(batch)], { ...goldenProducer, baseTime: baseTimeOf(batch) });
        expect(again).toEqual(batch);
      }),
    );
  });

  it('leaves the fields of the leader zero', () => {
    const { index, term, baseOffset, appendTime } = readHeader(encodeBatch([{ value }], goldenProducer));
    expect({ index, term, baseOffset, appendTime }).toEqual({ index: 0, term: 0, baseOffset: 0, appendTime: 0 });
  });

  it('given producer fields at their bounds, then the header says them', () => {
    const bounds = { producerId: MAX_SAFE_INTEGER, producerEpoch: 0xffff, baseSequence: 0xffff_ffff };
    expect(readHeader(encodeBatch([{ value }], bounds))).toMatchObject(bounds);
  });

  it.each([{ producerId: 2 ** 53 }, { producerEpoch: 0x1_0000 }, { baseSequence: -1 }, { baseTime: 0.5 }])(
    'given %o, then it is refused',
    (wrong) => expectRefusal(() => encodeBatch([{ value }], wrong), 'number'),
  );

  it('given no key and an empty key, then they stay different', () => {
    const [none, empty] = records(encodeBatch([{ value }, { value, key: Buffer.alloc(0) }]));
    expect(none!.key).toBeUndefined();
    expect(empty!.key).toEqual(Buffer.alloc(0));
  });

  it('given a record without a time, then it has the base time: that of the first record, or the one asked for', () => {
    const times = (batch: Buffer): number[] => [...records(batch)].map(({ time }) => time);
    expect(times(encodeBatch([{ value, time: 5 }, { value }]))).toEqual([5, 5]);
    expect(times(encodeBatch([{ value }, { value, time: 5 }]))).toEqual([0, 5]);
    expect(times(encodeBatch([{ value }, { value, time: 5 }], { baseTime: 9 }))).toEqual([9, 5]);
  });

  it('given no records, then it is refused', () => {
    expectRefusal(() => encodeBatch([]), 'count', { expected: 1, found: 0 });
  });

  it('given exactly as many bytes as fit, then they are encoded, and one more is too large', () => {
    const bytes = encodeBatch([{ value }]).length;
    expect(encodeBatch([{ value }], { batchBytesMax: bytes }).length).toBe(bytes);
    expectRefusal(() => encodeBatch([{ value }], { batchBytesMax: bytes - 1 }), 'too-large', {
      expected: bytes - 1,
      found: bytes,
    });
  });

  it('given records of sixteen terabytes together, then they are refused before anything is allocated', () => {
    const many = Array.from({ length: 1_000_000 }, () => ({ value: sixteenMebibytes }));
    expectRefusal(() => encodeBatch(many), 'too-large');
  });

  it.each([{ value: 'text' }, { value, key: 'text' }, { value, headers: [{ key: 'key', value: 'text' }] }, {}])(
    'given %o from a program without types, then it is refused rather than written as zeros',
    (record) => expectRefusal(() => encodeBatch([record as RecordInput]), 'record'),
  );

  it.each([0.5, Number.NaN, 2 ** 53])('given a time of %d, then it is refused', (time) => {
    expectRefusal(() => encodeBatch([{ value, time }]), 'number', { found: time });
  });

  it('given two times more than 2^53 − 1 ms apart, then they are refused', () => {
    const apart = [
      { value, time: -1 },
      { value, time: MAX_SAFE_INTEGER },
    ];
    expectRefusal(() => encodeBatch(apart), 'number', { found: MAX_SAFE_INTEGER });
  });

  it.each([5, undefined, Buffer.from('key')])('given the header key %o, then it is refused by name', (key) => {
    expectRefusal(() => encodeBatch([{ value, headers: [{ key: key as never }] }]), 'record');
  });

  it('given a header key with half a surrogate pair, then it is refused rather than replaced', () => {
    expectRefusal(() => encodeBatch([{ value, headers: [{ key: 'half \ud83e' }] }]), 'record');
    admitBatch(encodeBatch([{ value, headers: [{ key: 'whole \ud83e\udeb5' }] }]));
  });
});

describe('encodeControlBatch', () => {
  it('given a body, then the batch has it, and no records', () => {
    const batch = encodeControlBatch(batchTypes.configuration, Buffer.from('members'));
    expect(readHeader(batch)).toMatchObject({ length: 71, type: batchTypes.configuration, count: 0 });
    expect(batch.subarray(64).toString()).toBe('members');
    expect([...records(batch)]).toEqual([]);
  });

  it('given a body that does not fit, then it is too large', () => {
    const body = Buffer.alloc(10);
    expectRefusal(() => encodeControlBatch(batchTypes.trim, body, { batchBytesMax: 73 }), 'too-large', { found: 74 });
  });
});

// A Uint16Array was cut to its low bytes, and a string became zeros.
it.each([new Uint16Array([256, 1]), new Float64Array([0.5]), new DataView(new ArrayBuffer(3)), 'abc', undefined])(
  'given %s for a value or a control batch’s body, then it is refused',
  (bytes) => {
    const wrong = expect.objectContaining({ code: 'record' });
    expect(() => encodeBatch([{ value: bytes as never }])).toThrow(wrong);
    expect(() => encodeControlBatch(2, bytes as never)).toThrow(wrong);
  },
);
