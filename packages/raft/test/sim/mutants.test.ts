import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutants } from '../../sim/mutants/mutants.js';

test('there are at least 25 planted bugs, each with a name of its own', () => {
  expect(new Set(mutants.map((mutant) => mutant.name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(25);
});

for (const { name, patches } of mutants) {
  test(`${name} still fits the code`, () => {
    for (const patch of patches) {
      const source = readFileSync(new URL(`../../src/${patch.file}`, import.meta.url), 'utf8');
      expect(source.split(patch.find).length, `${patch.file} holds once: ${patch.find}`).toBe(2);
    }
  });
}
