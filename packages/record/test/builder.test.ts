import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchBuilder, baseTimeOf, encodeBatch, readHeader, records } from '../src/index.js';
import { records as arbitraryRecords } from './arbitrary.js';
import { goldenProducer } from './golden.js';
import { expectRefusal } from './refusal.js';

const value = Buffer.from('value');
const batchBytes = encodeBatch([{ value }]).length;

describe('BatchBuilder', () => {
  it('given any records added one by one, then the batch is the one that encodeBatch makes, and so is the next', () => {
    const builder = new BatchBuilder();
    fc.assert(
      fc.property(arbitraryRecords, (input) => {
        const whole = encodeBatch(input, goldenProducer);
        for (const record of input) expect(builder.add(record)).toBe(true);
        expect(builder.count).toBe(input.length);
        expect(builder.byteLength).toBe(whole.length);
        expect(builder.build(goldenProducer)).toEqual(whole);
      }),
    );
  });

  it('given a record that is changed after it was added, then the batch has it as it was', () => {
    const builder = new BatchBuilder();
    const changing = Buffer.from('before');
    builder.add({ value: changing });
    changing.write('behind');
    expect([...records(builder.build())][0]!.value.toString()).toBe('before');
  });

  it('given two batches, then building the second leaves the first alone', () => {
    const builder = new BatchBuilder();
    builder.add({ value });
    const first = builder.build();
    const before = Buffer.from(first);
    builder.add({ value: Buffer.from('other') });
    builder.build();
    expect(first).toEqual(before);
  });

  it('given no room for a further record, then it says so, and keeps those it has', () => {
    const builder = new BatchBuilder({ batchBytesMax: batchBytes });
    expect(builder.add({ value })).toBe(true);
    expect(builder.add({ value })).toBe(false);
    expect(builder.count).toBe(1);
    expect(builder.build()).toEqual(encodeBatch([{ value }]));
    expect(builder.add({ value })).toBe(true);
  });

  it('given the base time of a batch, then any of its records have room again, wherever their times lie', () => {
    const times = [0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const whole = encodeBatch(times.map((time) => ({ value, time })));
    const builder = new BatchBuilder({ batchBytesMax: whole.length });
    builder.clear(baseTimeOf(whole));
    for (const time of times.slice(1)) expect(builder.add({ value, time })).toBe(true);
    const batch = builder.build();
    expect([...records(batch)].map(({ time }) => time)).toEqual(times.slice(1));
    expect(readHeader(batch)).toBeDefined();
    // It was that batch's alone.
    builder.add({ value, time: 5 });
    expect(baseTimeOf(builder.build())).toBe(5);
  });

  it('given a record that no batch has room for, then it is refused, whether or not others came before', () => {
    const builder = new BatchBuilder({ batchBytesMax: batchBytes });
    const tooLong = { value: Buffer.alloc(value.length + 1) };
    expectRefusal(() => builder.add(tooLong), 'too-large', { expected: batchBytes, found: batchBytes + 1 });
    builder.add({ value });
    expectRefusal(() => builder.add(tooLong), 'too-large');
    expect(builder.count).toBe(1);
  });

  it('given a record too far away in time for this batch, then it goes into the next', () => {
    const builder = new BatchBuilder();
    builder.add({ value, time: -1 });
    const late = { value, time: Number.MAX_SAFE_INTEGER };
    expect(builder.add(late)).toBe(false);
    builder.build();
    expect(builder.add(late)).toBe(true);
    expect(baseTimeOf(builder.build())).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('given nothing, or only what was cleared, then there is no batch to build', () => {
    const builder = new BatchBuilder();
    expectRefusal(() => builder.build(), 'count');
    builder.add({ value });
    builder.clear();
    expect([builder.count, builder.byteLength]).toEqual([0, 72]);
    expectRefusal(() => builder.build(), 'count');
  });

  it('given producer fields out of range, then it refuses to build, and still can', () => {
    const builder = new BatchBuilder();
    builder.add({ value });
    expectRefusal(() => builder.build({ producerEpoch: -1 }), 'number');
    expect(readHeader(builder.build({ producerEpoch: 2 }))).toMatchObject({ count: 1, producerEpoch: 2 });
  });
});
