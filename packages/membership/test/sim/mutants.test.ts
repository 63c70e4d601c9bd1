import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutants } from '../../sim/mutants/mutants.js';

test('there are at least 19 planted bugs, each with a name of its own', () => {
  expect(new Set(mutants.map((mutant) => mutant.name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(19);
});

test.each(mutants)('$name still fits the sources', ({ patches }) => {
  for (const { file, find } of patches) {
    const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
    expect(source.split(find).length, `${file} holds once: ${find}`).toBe(2);
  }
});
