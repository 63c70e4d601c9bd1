import { SeededRandom } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { Roster } from '../../src/core/roster.js';
import { addressOf } from './rig.js';

function rosterOf(...names: string[]): Roster {
  const roster = new Roster();
  for (const name of names) {
    const state = { status: 'alive', incarnation: 0, changedMs: 0, tags: {}, tagBytes: new Uint8Array(0) } as const;
    roster.set({ name, address: addressOf(name), ...state });
  }
  return roster;
}

test('given one that is wanted among many, then it is drawn every time', () => {
  // A probe that overlooked the only helper blamed its own member for the death of its target.
  const roster = rosterOf(...'abcdefghijklmnopqrstuvwxyz'.split(''));
  for (let seed = 0; seed < 200; seed++) {
    const drawn = roster.draw(1, new SeededRandom(seed), ({ name }) => name === 'q');
    expect(drawn.map(({ name }) => name)).toEqual(['q']);
  }
});

test('given fewer than are asked for, then all of them are drawn, each once; else each about as often', () => {
  const roster = rosterOf('a', 'b', 'c', 'd');
  const times = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++) {
    const random = new SeededRandom(seed);
    expect(new Set(roster.draw(9, random, ({ name }) => name !== 'b').map(({ name }) => name))).toEqual(new Set('acd'));
    for (const { name } of roster.draw(2, random, () => true)) times.set(name, (times.get(name) ?? 0) + 1);
  }
  for (const count of times.values()) expect(Math.abs(count - 200)).toBeLessThan(50);
  expect(times.size).toBe(4);
});
