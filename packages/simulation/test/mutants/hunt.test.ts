import { expect, test } from 'vitest';
import { type HuntedSeed, hunt, type Mutant, tellHunt } from '../../src/mutants/index.js';

const mutant: Mutant = { name: 'wrong', trap: 'it is wrong', patches: [] };

/** Seeds of which some break an invariant, reported in an order of their own. */
function seedsThatBreak(broken: readonly number[], order: (at: number) => number) {
  return async (seeds: readonly string[], onSeed: (result: HuntedSeed) => boolean): Promise<void> => {
    const sorted = [...seeds.keys()].sort((one, other) => order(one) - order(other));
    for (const at of sorted) {
      onSeed({ seed: seeds[at]!, violation: broken.includes(at) ? { invariant: `of ${at}` } : null });
    }
  };
}

test('given a bug that some seeds show, then it is caught by the first of them in their order, however they end', async () => {
  for (const order of [(at: number) => at, (at: number) => -at]) {
    const found = await hunt({ mutant, seedsMax: 20 }, seedsThatBreak([7, 4, 11], order));
    expect(found).toEqual({ name: 'wrong', caught: true, seeds: 5, by: 'of 4' });
    expect(tellHunt(found, mutant)).toMatch(/^wrong +caught after 5 seeds by "of 4"$/);
  }
});

test('given a bug that no seed shows, then it survived all of them, and what it is is said', async () => {
  const found = await hunt(
    { mutant, seedsMax: 20 },
    seedsThatBreak([], (at) => at),
  );
  expect(found).toEqual({ name: 'wrong', caught: false, seeds: 20, by: null });
  expect(tellHunt(found, mutant)).toMatch(/SURVIVED 20 seeds: it is wrong$/);
});
