import type { Address } from '@commitlog/runtime';
import type { Exchange } from './exchange.js';
import type { Incarnation } from './incarnation.js';
import type { Swim } from './swim.js';

/**
 * A member is further, by a packet that came straight from it, than anything that was heard of it: it is asked, and not given up
 * before it had time to answer.
 */
export function catchUp(swim: Swim, name: string, incarnation: Incarnation): void {
  const known = swim.roster.get(name);
  if (known === undefined || incarnation <= known.incarnation) return;
  swim.suspicions.get(name)?.contradict(swim.nowMs);
  askSeldom(swim, known.address);
}

/** Asks somebody for all that it knows, and tells it the same: one member in a probe interval, whatever is heard. */
export function askSeldom(swim: Swim, address: Address): void {
  if (swim.isLeaving || swim.nowMs - swim.caughtUpMs < swim.settings.probeIntervalMs) return;
  if (pushPull(swim, address, undefined)) swim.caughtUpMs = swim.nowMs;
}

/** Begins an exchange, if there is room for one more. */
export function pushPull(swim: Swim, to: Address, join: number | undefined): boolean {
  if (swim.asks.size >= swim.settings.requestsMax) return false;
  swim.ask(to, allStates(swim), { kind: 'push-pull', join }, swim.settings.streamTimeoutMs);
  return true;
}

export function allStates(swim: Swim): Exchange {
  return { kind: 'push-pull', from: swim.settings.name, states: [...swim.roster.values()] };
}
