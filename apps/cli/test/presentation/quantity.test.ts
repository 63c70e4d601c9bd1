import { expect, it } from 'vitest';
import { count, duration, moment, range, size, some } from '../../src/presentation/quantity.js';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [21_340, '21.3 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [1_048_576, '1.0 MB'],
  [5e9, '5.0 GB'],
  [2e16, '20000.0 TB'],
])('%d bytes are %s', (bytes, words) => {
  expect(size(bytes)).toBe(words);
});

it('numbers are told as people read them', () => {
  expect(count(1_048_576)).toBe('1,048,576');
  expect(some(1, 'segment')).toBe('1 segment');
  expect(some(0, 'batch', 'batches')).toBe('0 batches');
  expect([range(1, 0), range(7, 7), range(7, 1200)]).toEqual(['-', '7', '7 to 1,200']);
  expect([duration(0.04), duration(9.96), duration(17.4), duration(2345)]).toEqual([
    '0.0 ms',
    '10 ms',
    '17 ms',
    '2.3 s',
  ]);
  expect([moment(0), moment(1_767_225_600_123)]).toEqual(['-', '2026-01-01T00:00:00.123Z']);
});
