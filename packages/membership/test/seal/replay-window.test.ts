import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplayWindow } from '../../src/seal/replay-window.js';

test('given numbers in any order and any number of times, then each counts once, and none that is 1,024 behind', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { maxLength: 300 }), (numbers) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let newest = -1;
      for (const number of numbers) {
        const isNew = !seen.has(number) && number > newest - 1_024;
        expect(window.accept(number)).toBe(isNew);
        if (isNew) seen.add(number);
        newest = Math.max(newest, number);
      }
    }),
  );
});
