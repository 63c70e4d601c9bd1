import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError, defaultLog, isLogName, requireInteger, requireLogName, requireOffset } from '../src/index.js';

/** What it returns, or the code of what it throws. */
function outcomeOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error instanceof ApiError ? error.code : error;
  }
}

describe('the name of a log', () => {
  it.each(['a', '0', 'orders', 'Orders_2026-11.eu', 'x'.repeat(128)])('%s is one', (name) => {
    expect(requireLogName(name)).toBe(name);
  });

  it('nothing means the default log', () => {
    expect(requireLogName('')).toBe(defaultLog);
  });

  it('whatever it is, it is a file name of its own, on every system', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        const isPlain = /^(?!.*\.\.)[A-Za-z0-9][\w.-]{0,127}$/.test(name);
        expect(isLogName(name)).toBe(isPlain);
        expect(outcomeOf(() => requireLogName(name))).toBe(
          name === '' ? defaultLog : isPlain ? name : 'INVALID_LOG_NAME',
        );
      }),
    );
  });

  it('an error shows no more than the beginning of it', () => {
    expect(() => requireLogName('/'.repeat(1_000_000))).toThrow(/^.{0,300}$/);
  });
});

describe('a 64-bit number', () => {
  it('is exact, or refused', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 64n), 2n ** 64n), (value) => {
        const isSafe = value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(outcomeOf(() => BigInt(requireOffset(value)))).toBe(isSafe ? value : 'INVALID_OFFSET');
      }),
    );
  });

  it('names its field where it is not within bounds', () => {
    expect(requireInteger('last', 5n, 0, 5)).toBe(5);
    expect(requireInteger('time_ms', -5n, -10)).toBe(-5);
    for (const value of [-1n, 6n, 2n ** 63n]) {
      expect(() => requireInteger('last', value, 0, 5)).toThrow(`last must be an integer from 0 to 5, got ${value}`);
    }
  });
});
