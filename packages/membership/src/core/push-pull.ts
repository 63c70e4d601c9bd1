import { pushPull } from './asking.js';
import type { MemberState } from './exchange.js';
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
