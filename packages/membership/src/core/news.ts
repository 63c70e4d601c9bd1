import { Buffer } from 'node:buffer';
import { addressText } from './address.js';
import { isLeap } from './incarnation.js';
import type { News } from './message.js';
import { maybeRefute } from './refutation.js';
import { isLive, type Peer } from './roster.js';
import { addSuspicion, confirmSuspicion } from './suspecting.js';
import { aliveNews, type Swim } from './swim.js';
import { decodeTags } from './tags.js';
import { bury } from './tombstones.js';

type Of<Kind extends News['kind']> = Extract<News, { kind: Kind }>;

/**
 * What is told of a member takes effect where its incarnation is higher, or equal and it tells of something worse: alive, suspect, failed,
 * left, in this order (SWIM §4.2). As everybody prefers the same, all come to hold the same, whatever the order in which they hear.
 */
export function hearNews(swim: Swim, news: News): void {
  if (news.about === swim.settings.name) {
    maybeRefute(swim, news);
    return;
  }
  const known = swim.roster.get(news.about);
  if (known === undefined) {
    // Of whom nobody said that it is there nothing else is believed: else tombstones would be handed around for ever.
    if (news.kind === 'alive') hearOfStranger(swim, news);
    return;
  }
  if (news.incarnation < known.incarnation) return;
  if (isLeap(news.incarnation, known.incarnation)) {
    swim.counters.leaps += 1;
    return;
  }
  switch (news.kind) {
    case 'alive':
      hearAlive(swim, news, known);
      break;
    case 'suspect':
      hearSuspect(swim, news, known);
      break;
    case 'failed':
      hearFailed(swim, news, known);
      break;
    case 'left':
      hearLeft(swim, news, known);
  }
}

function hearOfStranger(swim: Swim, news: Of<'alive'>): void {
  if (swim.roster.live >= swim.settings.membersMax) {
    swim.counters.overflows += 1;
    return;
  }
  if (decodeTags(news.tagBytes) === undefined) {
    swim.counters.malformed += 1;
    return;
  }
  const { about: name, incarnation, address, tagBytes } = news;
  const peer: Peer = { name, address, tagBytes, incarnation, status: 'alive', changedMs: swim.nowMs };
  swim.roster.set(peer);
  swim.ring.add(name);
  swim.report('joined', peer);
  swim.tell(news);
}

function hearAlive(swim: Swim, news: Of<'alive'>, known: Peer): void {
  if (news.incarnation === known.incarnation) return;
  if (!isLive(known) && swim.roster.live >= swim.settings.membersMax) {
    swim.counters.overflows += 1;
    return;
  }
  if (decodeTags(news.tagBytes) === undefined) {
    swim.counters.malformed += 1;
    return;
  }
  const { incarnation, address, tagBytes } = news;
  const peer: Peer = { ...known, address, tagBytes, incarnation, status: 'alive', changedMs: swim.nowMs };
  swim.roster.set(peer);
  swim.suspicions.delete(peer.name);
  if (!isLive(known)) {
    swim.ring.add(peer.name);
    swim.report('joined', peer);
  } else if (known.status === 'suspect' || !isSame(known, peer)) swim.report('updated', peer);
  swim.tell(news);
}

function hearSuspect(swim: Swim, news: Of<'suspect'>, known: Peer): void {
  // That it was alive since is heard from others too, with what else belongs to it.
  if (!isLive(known)) return;
  const isNew = known.status === 'alive' || news.incarnation > known.incarnation;
  if (isNew) addSuspicion(swim, news, known);
  else confirmSuspicion(swim, news);
}

function hearFailed(swim: Swim, news: Of<'failed'>, known: Peer): void {
  if (!isLive(known)) {
    if (news.incarnation > known.incarnation) swim.roster.set({ ...known, incarnation: news.incarnation });
    return;
  }
  bury(swim, { ...known, incarnation: news.incarnation, status: 'failed' });
  swim.tell(news);
}

function hearLeft(swim: Swim, news: Of<'left'>, known: Peer): void {
  if (known.status === 'left') {
    if (news.incarnation > known.incarnation) swim.roster.set({ ...known, incarnation: news.incarnation });
    return;
  }
  bury(swim, { ...known, incarnation: news.incarnation, status: 'left' });
  swim.tell(news);
}

/**
 * What a member itself says its incarnation is, in a packet that came straight from it. If that is far below what was heard of it, then
 * what was heard was never its own: its own word holds (see `incarnation.ts`).
 */
export function hearOwnWord(swim: Swim, name: string, incarnation: number): void {
  const known = swim.roster.get(name);
  if (known === undefined || name === swim.settings.name || !isLeap(known.incarnation, incarnation)) return;
  swim.counters.leaps += 1;
  const peer: Peer = { ...known, incarnation, status: 'alive', changedMs: swim.nowMs };
  swim.roster.set(peer);
  swim.suspicions.delete(name);
  if (!isLive(known)) {
    swim.ring.add(name);
    swim.report('joined', peer);
  } else if (known.status === 'suspect') swim.report('updated', peer);
  swim.tell(aliveNews(peer));
}

function isSame(one: Peer, other: Peer): boolean {
  const { address, tagBytes } = other;
  return addressText(one.address) === addressText(address) && Buffer.compare(one.tagBytes, tagBytes) === 0;
}
