import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batchTypes, checkBatch, encodeBatch, encodeControlBatch, records, stampBatch } from '../src/index.js';
import { goldenInput, goldenNoop, goldenProducer, goldenStamp, goldenStamped, goldenUnstamped } from './golden.js';

describe('the format does not drift', () => {
  it('given the golden records, when they are encoded, then the golden bytes come out', () => {
    expect(encodeBatch(goldenInput, goldenProducer).toString('hex')).toBe(goldenUnstamped.toString('hex'));
  });

  it('given the golden batch, when it is stamped, then the golden stamped bytes come out', () => {
    const batch = Buffer.from(goldenUnstamped);
    stampBatch(batch, goldenStamp);
    expect(batch.toString('hex')).toBe(goldenStamped.toString('hex'));
  });

  it('given a no-op, when it is encoded, then the golden header comes out', () => {
    expect(encodeControlBatch(batchTypes.noop, Buffer.alloc(0)).toString('hex')).toBe(goldenNoop.toString('hex'));
  });

  it('given the golden stamped bytes, when they are read, then the golden records come out', () => {
    expect(checkBatch(goldenStamped)).toBe(115);
    const read = [...records(goldenStamped)].map(({ offset, time, key, value, headers }) => ({
      offset,
      time,
      key: key?.toString(),
      value: value.toString(),
      headers: headers.map((header) => [header.key, header.value?.toString()]),
    }));
    expect(read).toEqual([
      {
        offset: 1000,
        time: 1_767_225_600_000,
        key: 'user-7',
        value: 'signed in',
        headers: [
          ['träger', 'web'],
          ['seen', undefined],
        ],
      },
      { offset: 1001, time: 1_767_225_599_990, key: undefined, value: '', headers: [] },
    ]);
  });

  it('given the specification, then its annotated example is the golden stamped batch, byte for byte', () => {
    const page = readFileSync(new URL('../../../docs/record-batch.md', import.meta.url), 'utf8');
    const example = /## An example[\s\S]*?```\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const hex = example
      .split('\n')
      .map((line) => /^ *\d+ {2}((?:[0-9a-f]{2} ?)+)/.exec(line)?.[1] ?? '')
      .join('')
      .replaceAll(' ', '');
    expect(hex).toBe(goldenStamped.toString('hex'));
  });
});
