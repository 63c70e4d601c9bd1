import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { BatchError, checkBatch } from '../src/index.js';
import { goldenStamped } from './golden.js';

it('an error says what was expected, what was found and what to do, and has the values as fields', () => {
  const torn = goldenStamped.subarray(0, 80);
  const error = new BatchError(
    'truncated',
    'the batch at byte 0 is 115 bytes long, found 80: wait for the rest, or take it for torn',
    {
      at: 0,
      expected: 115,
      found: 80,
    },
  );
  expect(() => checkBatch(Buffer.from(torn))).toThrow(error);
  expect(error).toMatchObject({ name: 'BatchError', code: 'truncated', at: 0, expected: 115, found: 80 });
});
