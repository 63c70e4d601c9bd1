import { Buffer } from 'node:buffer';
import { addressText } from './address.js';
import { type Incarnation, incarnationMax, isLeap } from './incarnation.js';
import type { News } from './message.js';
import type { Peer } from './roster.js';
import { aliveNews, type Swim } from './swim.js';

/** Answers a claim about this member that is not its own, by a higher incarnation (SWIM §4.2). */
export function maybeRefute(swim: Swim, news: News): void {
  const { self } = swim;
  if (swim.isLeaving || news.incarnation < self.incarnation) return;
  if (news.kind === 'alive') {
    if (news.incarnation === self.incarnation && isOwn(self, news)) return;
    swim.counters.nameConflicts += 1;
  }
  if (isLeap(news.incarnation, self.incarnation)) {
    swim.counters.leaps += 1;
    return;
  }
  refuteAbove(swim, news.incarnation);
}

/** At most once in a gossip interval: whoever claims faster drives the incarnation no faster. */
function refuteAbove(swim: Swim, incarnation: Incarnation): void {
  swim.toRefute = Math.max(swim.toRefute ?? 0, incarnation);
  if (swim.nowMs - swim.refutedMs >= swim.settings.gossipIntervalMs) refuteNow(swim);
  else swim.gossipSoon();
}

/** Says so, if there is something to refute. */
export function refuteNow(swim: Swim): void {
  if (swim.toRefute === undefined) return;
  const incarnation = Math.min(incarnationMax, Math.max(swim.toRefute, swim.self.incarnation) + 1);
  swim.toRefute = undefined;
  swim.refutedMs = swim.nowMs;
  swim.counters.refutations += 1;
  // Who is suspected is slow, or hard to reach: it should not be quick to suspect others (Lifeguard §IV-A).
  swim.awareness.apply(1);
  announce(swim, { ...swim.self, incarnation });
}

/** Makes this what there is to know of this member. */
export function announce(swim: Swim, self: Peer): void {
  swim.roster.set(self);
  swim.tell(aliveNews(self));
}

function isOwn(self: Peer, news: Extract<News, { kind: 'alive' }>): boolean {
  return addressText(self.address) === addressText(news.address) && Buffer.compare(self.tagBytes, news.tagBytes) === 0;
}
