import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Recheckable, Rechecks } from '../../src/grpc/rechecks.js';
import { eventually } from '../rig.js';

let nowMs = 0;
const clock = () => nowMs;

/** Something open, whose checks take 3 ms each. */
class Slow implements Recheckable {
  isStale = false;
  checks = 0;
  readonly #decisions: number;
  readonly #onCheck: () => void;

  constructor(decisions: number, onCheck: () => void = () => {}) {
    this.#decisions = decisions;
    this.#onCheck = onCheck;
  }

  markStale(): void {
    this.isStale = true;
  }

  *recheck(): Generator<undefined> {
    this.isStale = false;
    for (let at = 0; at < this.#decisions; at += 1) {
      nowMs += 3;
      this.checks += 1;
      this.#onCheck();
      yield;
    }
  }
}

it('what takes long is done in slices, also what one call alone takes, and everything else has its turn between', async () => {
  let inTurn = 0;
  let mostInTurn = 0;
  const count = () => {
    inTurn += 1;
    mostInTurn = Math.max(mostInTurn, inTurn);
  };
  const all = [new Slow(40, count), ...Array.from({ length: 20 }, () => new Slow(1, count))];
  new Rechecks(new Set(all), clock).begin();
  inTurn = 0;
  while (all.some(({ checks }) => checks === 0) || all[0]!.checks < 40) {
    await nextTurn();
    inTurn = 0;
  }
  expect(all.map(({ checks }) => checks)).toEqual([40, ...Array(20).fill(1)]);
  expect(mostInTurn).toBeLessThanOrEqual(4);
});

it('one call that stands on many decisions does not keep the others waiting', () => {
  const many = new Slow(1000);
  const others = [new Slow(1), new Slow(1)];
  new Rechecks(new Set([many, ...others]), clock).begin();
  expect(others.map(({ checks }) => checks)).toEqual([1, 1]);
  expect(many.checks).toBeLessThan(4);
});

it('what is little is done at once', () => {
  const all = [new Slow(1), new Slow(1)];
  new Rechecks(new Set(all), clock).begin();
  expect(all.map(({ checks }) => checks)).toEqual([1, 1]);
});

it('after a further change everything is asked about again, those that were asked before it too, and the last one is not kept waiting', async () => {
  const order: number[] = [];
  const all: Slow[] = Array.from({ length: 20 }, (_, at) => new Slow(1, () => order.push(at)));
  const rechecks = new Rechecks(new Set(all), clock);
  rechecks.begin();
  const before = order.length;
  expect(before).toBe(4);
  rechecks.begin();
  await eventually(() => !all.some(({ isStale }) => isStale), 'nothing is stale');
  expect(order.slice(0, 20).sort((a, b) => a - b)).toEqual(all.map((_, at) => at));
  expect(order.slice(20)).toEqual(Array.from({ length: before }, (_, at) => at));
});

it('what has gone meanwhile is asked about no more', async () => {
  const all = Array.from({ length: 20 }, () => new Slow(1));
  const open = new Set(all);
  new Rechecks(open, clock).begin();
  const last = all.at(-1)!;
  open.delete(last);
  await eventually(() => all[18]!.checks === 1, 'the others were asked about');
  expect(last.checks).toBe(0);
});
