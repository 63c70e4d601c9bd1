import { expect, it } from 'vitest';
import { addresses, bytes, duration, integer } from '../src/kinds.js';

it.each([
  ['10s', 10_000],
  ['1.5 s', 1500],
  ['250', 250],
  ['2min', 120_000],
])('%s is so many ms: %d', (text, ms) => expect(duration(text)).toBe(ms));

it.each([
  ['256', 256],
  ['64KiB', 65_536],
  ['1 MB', 1_000_000],
])('%s is so many bytes: %d', (text, length) => expect(bytes(text)).toBe(length));

it('what is none is refused, with what was expected', () => {
  for (const text of ['', '-1', '0', '1 toString', 'NaN', '1e3', '9999999999999999GB']) {
    expect(() => bytes(text)).toThrow('Expected such as "64KiB"');
    expect(() => duration(text)).toThrow('Expected such as "10s"');
  }
  for (const text of ['', '1.5', '0x10', '-1', '9007199254740992']) {
    expect(() => integer()(text)).toThrow('Expected a whole number of at least 0');
  }
  expect(() => integer(1)('0')).toThrow('at least 1');
  for (const text of ['', 'a', 'a:b', 'a:65536', '::1:5', 'http://a:1']) {
    expect(() => addresses(text)).toThrow('Expected host:port');
  }
});
