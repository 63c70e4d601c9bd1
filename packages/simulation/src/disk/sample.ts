import { type Random, randomBelow } from '@commitlog/runtime';

/** Up to `count` of the items, any as likely as any other, in their order. */
export function sample<Item>(items: readonly Item[], count: number, random: Random): readonly Item[] {
  if (items.length <= count) return items;
  // Selection sampling: Knuth, TAOCP 2, 3.4.2, algorithm S.
  let wanted = count;
  return items.filter((_, at) => {
    const isChosen = randomBelow(random, items.length - at) < wanted;
    if (isChosen) wanted--;
    return isChosen;
  });
}

/** Which of some things are in. */
export type Subset = readonly boolean[];

/** Below this many things every subset is tried. */
const exhaustiveMax = 6;

/**
 * Distinct subsets of `size` things, all but the whole: every one up to six things. Beyond, up to `countMax`: none, those
 * that lack one and those that have only one (as far as half the count goes), and others at random.
 */
export function properSubsets(size: number, countMax: number, random: Random): Subset[] {
  if (size <= exhaustiveMax) {
    const all = Array.from({ length: 2 ** size - 1 }, (_, bits) => subset(size, (at) => (bits & (1 << at)) !== 0));
    return [...sample(all, countMax, random)];
  }
  const found = new Map<string, Subset>();
  const add = (candidate: Subset): void => {
    if (candidate.includes(false)) found.set(candidate.map(Number).join(''), candidate);
  };
  const things = Array.from({ length: size }, (_, at) => at);
  add(subset(size, () => false));
  for (const one of sample(things, Math.floor(countMax / 4), random)) add(subset(size, (at) => at !== one));
  for (const one of sample(things, Math.floor(countMax / 4), random)) add(subset(size, (at) => at === one));
  // There are at least 2^7 − 1 subsets and a few repeated draws do no harm, but the number of draws must have a bound.
  for (let draws = 0; found.size < countMax && draws < 2 * countMax; draws++) {
    add(subset(size, () => random.uint32() >= 2 ** 31));
  }
  return [...found.values()].slice(0, countMax);
}

function subset(size: number, isIn: (at: number) => boolean): Subset {
  return Array.from({ length: size }, (_, at) => isIn(at));
}
