import { encodeMessage, type News } from './message.js';
import { payloadBytesMax } from './packet.js';
import { askingBytes } from './probe.js';
import type { Peer } from './roster.js';
import { Suspicion, suspicionTimes } from './suspicion.js';
import type { Swim } from './swim.js';
import { bury } from './tombstones.js';
import { watchForStalls } from './watching.js';

type SuspectNews = Extract<News, { kind: 'suspect' }>;

/** Begins a suspicion, one's own or another's; of a higher incarnation it begins anew. */
export function addSuspicion(swim: Swim, news: SuspectNews, known: Peer): void {
  const times = suspicionTimes(swim.settings, swim.roster.live);
  const suspicion = new Suspicion(news, times, swim.nowMs);
  const peer: Peer = { ...known, incarnation: news.incarnation, status: 'suspect', changedMs: swim.nowMs };
  swim.roster.set(peer);
  swim.suspicions.set(peer.name, suspicion);
  watchForStalls(swim);
  if (known.status !== 'suspect') swim.report('suspected', peer);
  swim.tell(news);
  remindWhenDue(swim, suspicion);
}

/** Another member suspects the same: told on, so that confirmations spread as fast as the suspicion did (Lifeguard §IV-B). */
export function confirmSuspicion(swim: Swim, news: SuspectNews): void {
  const suspicion = swim.suspicions.get(news.about);
  if (suspicion === undefined || !suspicion.confirm(news.from)) return;
  swim.tell(news);
  remindWhenDue(swim, suspicion);
}

/** Some suspicion is about over, or over, unless it was given more time meanwhile. */
export function suspicionTimer(swim: Swim, isLate: boolean): void {
  swim.suspicionsDueMs = Number.POSITIVE_INFINITY;
  for (const [about, suspicion] of swim.suspicions) {
    if (swim.nowMs >= suspicion.dueMs) decide(swim, about, suspicion, isLate);
  }
  let next: Suspicion | undefined;
  for (const suspicion of swim.suspicions.values()) {
    if (next === undefined || suspicion.dueMs < next.dueMs) next = suspicion;
  }
  if (next !== undefined) remindWhenDue(swim, next);
}

function decide(swim: Swim, about: string, suspicion: Suspicion, isLate: boolean): void {
  if (!suspicion.isLastCalled) callLast(swim, about, suspicion);
  else if (isLate && !suspicion.hasWaited) {
    // This member stood still: the answer may be waiting in a socket of ours that nobody has read. Once, or nobody would ever fail.
    suspicion.hasWaited = true;
    callLast(swim, about, suspicion);
  } else {
    const { incarnation } = suspicion;
    bury(swim, { ...swim.roster.get(about)!, status: 'failed' });
    swim.tell({ kind: 'failed', about, incarnation, from: swim.settings.name });
  }
}

/**
 * Gossip reaches nearly everybody, not everybody: this member may be the only one that missed how the suspect objected, or that it left.
 * So before it is given up the suspicion is told once more, at once to the suspect itself and to some others, and whoever knows better
 * answers.
 */
function callLast(swim: Swim, about: string, suspicion: Suspicion): void {
  suspicion.callLast(swim.nowMs);
  const { incarnation, from } = suspicion;
  // Whose suspicion it was first: that it is told again confirms nothing.
  const claim: SuspectNews = { kind: 'suspect', about, incarnation, from };
  swim.tell(claim);
  const { roster, random, settings } = swim;
  const isOther = ({ name, status }: Peer): boolean => status === 'alive' && name !== settings.name;
  for (const { name, address } of [roster.get(about)!, ...roster.draw(settings.gossipNodes, random, isOther)]) {
    const packet = swim.packetTo(name, payloadBytesMax);
    packet.add(encodeMessage(claim));
    packet.padTo(askingBytes);
    swim.emit({ kind: 'send', to: address, bytes: packet.bytes() });
  }
}

/** One timer, for whichever suspicion is due first: however many come and go, they leave none behind. */
function remindWhenDue(swim: Swim, { dueMs: wantedMs }: Suspicion): void {
  if (swim.suspicionsDueMs <= wantedMs) return;
  swim.suspicionsDueMs = swim.remindIn(Math.max(0, wantedMs - swim.nowMs), { kind: 'suspicion' });
}
