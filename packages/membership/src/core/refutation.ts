import { Buffer } from 'node:buffer';
import { addressText } from './address.js';
import { incarnationMax, isLeap } from './incarnation.js';
import type { News } from './message.js';
import type { Peer } from './roster.js';
import { aliveNews, type Swim } from './swim.js';
import { describeTags, type Tags } from './tags.js';

/** Answers a claim about this member that is not its own, by a higher incarnation (SWIM §4.2). */
export function maybeRefute(swim: Swim, news: News): void {
  const { self } = swim;
  if (swim.isLeaving) return;
  if (news.incarnation < self.incarnation) {
    // It was refuted already, and somebody missed that: once more, and with the answer that goes back to whoever said so.
    if (news.kind !== 'alive') swim.correct(aliveNews(self));
    return;
  }
  if (news.kind === 'alive') {
    if (news.incarnation === self.incarnation && isOwn(self, news)) return;
    swim.counters.nameConflicts += 1;
  }
  // The answer is above the claim, and must not be a leap to others.
  if (isLeap(news.incarnation + 1, self.incarnation)) {
    swim.counters.leaps += 1;
    return;
  }
  swim.toRefute = Math.max(swim.toRefute ?? 0, news.incarnation);
  raiseSoon(swim);
  // Who says so hears it before others.
  if (swim.toRefute === undefined) swim.corrections.push(aliveNews(swim.self));
}

/** Says something else of this member from now on. */
export function setTags(swim: Swim, tags: Tags): void {
  if (swim.isLeaving) return;
  swim.tagsToTell = describeTags(tags);
  raiseSoon(swim);
}

/** About once in a gossip interval: whoever claims faster, or has other tags faster, drives the incarnation no faster. */
function raiseSoon(swim: Swim): void {
  if (swim.nowMs - swim.raisedMs >= swim.settings.gossipIntervalMs) raiseNow(swim);
  else swim.gossipSoon();
}

/** Raises this member's incarnation, if there is something to refute or to tell. */
export function raiseNow(swim: Swim): void {
  const { toRefute, self, tagsToTell } = swim;
  if (toRefute === undefined && tagsToTell === undefined) return;
  const incarnation = Math.min(incarnationMax, Math.max(toRefute ?? 0, self.incarnation) + 1);
  swim.toRefute = undefined;
  swim.tagsToTell = undefined;
  swim.raisedMs = swim.nowMs;
  if (toRefute !== undefined) {
    swim.counters.refutations += 1;
    // Who is suspected is slow, or hard to reach: it should not be quick to suspect others (Lifeguard §IV-A).
    swim.awareness.apply(1);
  }
  announce(swim, { ...self, ...tagsToTell, incarnation });
}

/** Makes this what there is to know of this member. */
export function announce(swim: Swim, self: Peer): void {
  swim.roster.set(self);
  swim.tell(aliveNews(self));
}

function isOwn(self: Peer, news: Extract<News, { kind: 'alive' }>): boolean {
  return addressText(self.address) === addressText(news.address) && Buffer.compare(self.tagBytes, news.tagBytes) === 0;
}
