import type { LogPosition } from '@commitlog/log';
import type { Entry, EntryType } from '@commitlog/raft';
import { encodeBatch, headerBytes, readHeader } from '@commitlog/record';
import { SimulatedClock } from '@commitlog/simulation';
import { beforeEach, describe, expect, test } from 'vitest';
import { BatchFormat } from '../src/index.js';
import { dataEntry } from './entries.js';

const nothing = new Uint8Array(0);
let clock: SimulatedClock;
let tail: LogPosition;
let format: BatchFormat;

beforeEach(() => {
  clock = new SimulatedClock({ wallMs: 5000 });
  tail = { index: 4, term: 2, nextOffset: 10, appendTime: 4000 };
  format = new BatchFormat({ batchBytesMax: 4096 }, { clock, tail: () => tail });
});

/** Places an entry as a leader does, and appends it. */
function place(type: EntryType, payload: Uint8Array, index: number, term = 3): Entry {
  const entry = { index, term, type, data: format.place(type, payload, index, term) };
  format.appended(entry);
  return entry;
}

function batchOf(...values: readonly string[]): Buffer {
  return encodeBatch(values.map((value) => ({ value: Buffer.from(value) })));
}

describe('a leader', () => {
  test('stamps the very bytes that were proposed, each batch behind the one before', () => {
    const proposed = batchOf('tea', 'milk');
    const noop = place('noop', nothing, 5);
    expect(place('data', proposed, 6).data).toBe(proposed);
    const configuration = place('configuration', Buffer.from('{"voters":[]}'), 7);
    const last = place('data', batchOf('sugar'), 8);
    const stamps = [noop.data, proposed, configuration.data, last.data].map((data) => readHeader(Buffer.from(data)));
    expect(stamps.map(({ type, index, term, baseOffset, count }) => [type, index, term, baseOffset, count])).toEqual([
      [2, 5, 3, 10, 0],
      [1, 6, 3, 10, 2],
      [3, 7, 3, 12, 0],
      [1, 8, 3, 12, 1],
    ]);
  });

  test('never goes back in time, whatever its clock says', () => {
    const times = [5000, 3000, 9000].map((wallMs, at) => {
      clock.setWall(wallMs);
      return readHeader(Buffer.from(place('data', batchOf('x'), 5 + at).data)).appendTime;
    });
    expect(times).toEqual([5000, 5000, 9000]);
    clock.setWall(1000);
    tail = { index: 20, term: 3, nextOffset: 0, appendTime: 4000 };
    format.replaced();
    expect(readHeader(Buffer.from(place('noop', nothing, 21).data)).appendTime).toBe(4000);
  });

  test('refuses to make two entries of the same bytes', () => {
    const proposed = batchOf('once');
    format.admit(proposed);
    place('data', proposed, 5);
    expect(() => format.admit(proposed)).toThrow(expect.objectContaining({ code: 'stamped' }));
    expect(() => format.place('data', proposed, 6, 3)).toThrow(/is entry 5 already/);
  });

  test('refuses to go on where the log on disk ends elsewhere', () => {
    expect(() => format.place('noop', nothing, 9, 3)).toThrow(/entry 9 is to follow a log that ends with 4/);
  });
});

describe('what follows', () => {
  test('advances with what another leader has sent, before any of it is on disk', () => {
    format.appended(dataEntry(5, 2, 'theirs', 10));
    expect(readHeader(Buffer.from(place('data', batchOf('ours'), 6).data)).baseOffset).toBe(11);
  });

  test('is taken from the disk once an entry was cut', () => {
    format.appended(dataEntry(5, 2, 'theirs', 10));
    format.appended(dataEntry(6, 2, 'theirs', 11));
    format.truncated();
    tail = { ...tail, index: 5, nextOffset: 11 };
    expect(readHeader(Buffer.from(place('data', batchOf('ours'), 6).data)).baseOffset).toBe(11);
  });
});

describe('what is proposed', () => {
  test.each([
    ['no batch', Buffer.from('a text that is certainly longer than the sixty-four bytes of a header')],
    ['a batch with something behind it', Buffer.concat([batchOf('x'), Buffer.from('!')])],
    [
      'a control batch',
      new BatchFormat(
        {},
        { clock: new SimulatedClock(), tail: () => ({ index: 0, term: 0, nextOffset: 0, appendTime: 0 }) },
      ).place('noop', nothing, 1, 1),
    ],
    ['a batch whose body was damaged', damaged(batchOf('a value'), headerBytes + 12)],
    ['one that is too long', batchOf('x'.repeat(5000))],
  ])('is refused when it is %s', (_what, payload) => {
    expect(() => format.admit(payload)).toThrow(expect.objectContaining({ name: 'BatchError' }));
  });
});

describe('what a peer sends', () => {
  test('is read back: a batch as it is, of a control batch its body', () => {
    const data = place('data', batchOf('x'), 5);
    expect(format.payloadOf(data)).toBe(data.data);
    const body = Buffer.from('{"voters":["a@1"]}');
    expect(format.payloadOf(place('configuration', body, 6))).toEqual(body);
  });

  test.each([
    ['another index', { index: 6 }],
    ['another term', { term: 4 }],
    ['another type', { type: 'noop' as const }],
    ['bytes behind it', { data: Buffer.concat([dataEntry(5, 3).data, Buffer.from('!')]) }],
    ['a damaged header', { data: damaged(Buffer.from(dataEntry(5, 3).data), 30) }],
    ['no batch in it', { data: nothing }],
  ])('is refused with %s', (_what, change) => {
    const entry = dataEntry(5, 3);
    expect(() => format.payloadOf({ ...entry, ...change })).toThrow(expect.objectContaining({ name: 'BatchError' }));
  });
});

function damaged(batch: Buffer, at: number): Buffer {
  batch[at]! ^= 1;
  return batch;
}
