import type { Address } from '@commitlog/runtime';
import { pushPull } from './asking.js';
import type { Swim } from './swim.js';

/** Exchanges everything with each of `addresses`, a few at a time. */
export function startJoin(swim: Swim, join: number, addresses: readonly Address[]): void {
  for (const address of addresses) swim.contacts.addSeed(address, swim.nowMs);
  swim.joins.set(join, { waiting: [...addresses], pending: 0, reached: 0 });
  continueJoins(swim);
}

export function joinAnswered(swim: Swim, join: number, isReached: boolean): void {
  const under = swim.joins.get(join);
  if (under === undefined) return;
  under.pending -= 1;
  if (isReached) under.reached += 1;
}

/** Asks as many more as there is room for, and reports what is done. */
export function continueJoins(swim: Swim): void {
  for (const [join, under] of swim.joins) {
    while (under.waiting.length > 0 && pushPull(swim, under.waiting[0]!, join)) {
      under.waiting.shift();
      under.pending += 1;
    }
    if (under.waiting.length > 0 || under.pending > 0) continue;
    swim.joins.delete(join);
    swim.emit({ kind: 'join-ended', join, reached: under.reached });
  }
}
