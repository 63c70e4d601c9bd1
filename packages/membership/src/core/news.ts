import { Buffer } from 'node:buffer';
import { askSeldom } from './asking.js';
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
 *
 * @param isOwn whether who it is about says so itself: then it is no hearsay, and may be as high as it likes
 */
export function hearNews(swim: Swim, news: News, isOwn = false): void {
  if (news.about === swim.settings.name) {
    maybeRefute(swim, news);
    return;
  }
  const known = swim.roster.get(news.about);
  if (known === undefined) {
    // Of whom nobody said that it is there nothing else is believed: else tombstones would be handed around for ever.
    if (news.kind === 'alive') hearAlive(swim, news, undefined);
    return;
  }
  if (isRefuted(news, known)) {
    tellAgain(swim, known);
    return;
  }
  if (news.incarnation < known.incarnation) return;
  if (!isOwn && isLeap(news.kind === 'alive' ? news.incarnation : news.incarnation + 1, known.incarnation)) {
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

/** Whether this is a claim that its target has answered already: by a higher incarnation, or by saying that it goes. */
function isRefuted({ kind, incarnation }: News, known: Peer): boolean {
  if (kind !== 'suspect' && kind !== 'failed') return false;
  return known.status === 'left' ? incarnation <= known.incarnation : isLive(known) && incarnation < known.incarnation;
}

/** Somebody missed what holds of a member, and may bury it: gossip reaches nearly everybody, not everybody. */
function tellAgain(swim: Swim, known: Peer): void {
  const { name: about, incarnation, status } = known;
  swim.correct(status === 'left' ? { kind: 'left', about, incarnation } : aliveNews(known));
}

function hearAlive(swim: Swim, news: Of<'alive'>, known: Peer | undefined): void {
  if (news.incarnation === known?.incarnation) {
    // It was started twice from the same saved state. Neither is newer for anybody but itself: told both, it raises its incarnation.
    if (isLive(known) && !isSame(known, news)) askSeldom(swim, news.address);
    return;
  }
  if (!hasRoomFor(swim, known)) return;
  const tags = decodeTags(news.tagBytes);
  if (tags === undefined) {
    swim.counters.malformed += 1;
    return;
  }
  const { about: name, incarnation, address, tagBytes } = news;
  comeAlive(swim, known, { name, address, tags, tagBytes, incarnation, status: 'alive', changedMs: swim.nowMs });
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
  if (known.status === 'failed') {
    if (news.incarnation > known.incarnation) swim.roster.set({ ...known, incarnation: news.incarnation });
    return;
  }
  // Who left, and failed at a higher incarnation, came back in between: of that life it never said that it left.
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
  if (known === undefined || name === swim.settings.name || !isLeap(known.incarnation + 1, incarnation)) return;
  swim.counters.leaps += 1;
  if (!hasRoomFor(swim, known)) return;
  const peer: Peer = { ...known, incarnation, status: 'alive', changedMs: swim.nowMs };
  comeAlive(swim, known, peer);
  swim.tell(aliveNews(peer));
}

function hasRoomFor(swim: Swim, known: Peer | undefined): boolean {
  if ((known !== undefined && isLive(known)) || swim.roster.live < swim.settings.membersMax) return true;
  swim.counters.overflows += 1;
  return false;
}

/** Whatever was said of it before, it is there, and as it says. */
function comeAlive(swim: Swim, known: Peer | undefined, peer: Peer): void {
  swim.roster.set(peer);
  swim.suspicions.delete(peer.name);
  if (known === undefined || !isLive(known)) {
    swim.ring.add(peer.name);
    swim.report('joined', peer);
  } else if (known.status === 'suspect' || !isSame(known, peer)) swim.report('updated', peer);
}

type Described = Pick<Peer, 'address' | 'tagBytes'>;

function isSame(one: Described, other: Described): boolean {
  const isSamePlace = one.address.host === other.address.host && one.address.port === other.address.port;
  return isSamePlace && Buffer.compare(one.tagBytes, other.tagBytes) === 0;
}
