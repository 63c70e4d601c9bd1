import type { Address } from '@commitlog/runtime';
import type { Exchange, MemberState } from './exchange.js';
import type { Incarnation } from './incarnation.js';
import { hearNews } from './news.js';
import { isLive } from './roster.js';
import type { Swim } from './swim.js';

/** Up to so many members the interval is the setting's; with each doubling it is once more as long (memberlist, `pushPullScale`). */
const scaledAbove = 32;

/** Exchanges everything with one member at random: what gossip missed, this finds (memberlist's anti-entropy). */
export function pushPullTimer(swim: Swim): void {
  const { roster, random, settings } = swim;
  if (swim.isLeaving) return;
  const scale = Math.max(1, Math.ceil(Math.log2(roster.live) - Math.log2(scaledAbove)) + 1);
  swim.remindIn(settings.pushPullIntervalMs * scale, { kind: 'push-pull' });
  const [peer] = roster.draw(1, random, (each) => each.name !== settings.name && isLive(each));
  if (peer !== undefined) pushPull(swim, peer.address, undefined);
}

/**
 * A member is further, by a packet that came straight from it, than anything that was heard of it: it is asked, and not given up
 * before it had time to answer. Of all members one is asked in a probe interval.
 */
export function catchUp(swim: Swim, name: string, incarnation: Incarnation): void {
  const known = swim.roster.get(name);
  if (known === undefined || incarnation <= known.incarnation || swim.isLeaving) return;
  swim.suspicions.get(name)?.contradict(swim.nowMs);
  if (swim.nowMs - swim.caughtUpMs < swim.settings.probeIntervalMs) return;
  if (pushPull(swim, known.address, undefined)) swim.caughtUpMs = swim.nowMs;
}

/** Begins an exchange, if there is room for one more. */
export function pushPull(swim: Swim, to: Address, join: number | undefined): boolean {
  if (swim.asks.size >= swim.settings.requestsMax) return false;
  swim.ask(to, allStates(swim), { kind: 'push-pull', join }, swim.settings.streamTimeoutMs);
  return true;
}

export function allStates(swim: Swim): Exchange {
  const states = [...swim.roster.values()].map(({ changedMs: _local, ...state }): MemberState => ({ ...state }));
  return { kind: 'push-pull', from: swim.settings.name, states };
}

/** Takes over what another knows. Its own word, if it is among them, is heard first: it explains the rest. */
export function hearStates(swim: Swim, from: string, states: readonly MemberState[]): void {
  for (const { name, incarnation, address, tagBytes, status } of states) {
    const claim = { about: name, incarnation };
    if (status === 'left') {
      hearNews(swim, { kind: 'left', ...claim }, name === from);
      continue;
    }
    const known = swim.roster.get(name);
    const isGone = status === 'failed' && (known === undefined || !isLive(known));
    // News of the gone for whom they are gone already, or never were there, is no news.
    if (!isGone || name === swim.settings.name) {
      if (status === 'alive' || name !== swim.settings.name) {
        hearNews(swim, { kind: 'alive', ...claim, address, tagBytes }, name === from);
      }
      // What another holds for failed becomes a suspect here: after a partition it may well object (memberlist, `mergeState`).
      if (status !== 'alive' && name !== from) hearNews(swim, { kind: 'suspect', ...claim, from });
    } else if (known !== undefined) hearNews(swim, { kind: 'failed', ...claim, from });
  }
}
