import { expect, test } from 'vitest';
import { Sometimes } from '../../src/index.js';

test('a state that was never reached shows as zero, and an undeclared one is an error', () => {
  const sometimes = new Sometimes(['rare', 'rarer']);
  sometimes.reached('rare');
  expect(sometimes.counts()).toEqual({ rare: 1, rarer: 0 });
  expect(() => sometimes.reached('typo')).toThrow('not a declared state');
});
