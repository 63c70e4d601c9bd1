import type { News } from './message.js';
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
  remindAtDeadline(swim, peer.name, suspicion);
}

/** Another member suspects the same: told on, so that confirmations spread as fast as the suspicion did (Lifeguard §IV-B). */
export function confirmSuspicion(swim: Swim, news: SuspectNews): void {
  const suspicion = swim.suspicions.get(news.about);
  if (suspicion === undefined || !suspicion.confirm(news.from)) return;
  swim.tell(news);
  remindAtDeadline(swim, news.about, suspicion);
}

/** Its time may be over: the suspicion may also be another by now, or have been given more time. */
export function suspicionTimer(swim: Swim, about: string): void {
  swim.suspicionTimers.delete(about);
  const suspicion = swim.suspicions.get(about);
  if (suspicion === undefined) return;
  if (swim.nowMs < suspicion.deadlineMs) {
    remindAtDeadline(swim, about, suspicion);
    return;
  }
  const { incarnation } = suspicion;
  bury(swim, { ...swim.roster.get(about)!, status: 'failed' });
  swim.tell({ kind: 'failed', about, incarnation, from: swim.settings.name });
}

/** One timer for each suspect, that of the earliest deadline: when it is over and the suspicion is not, there is another. */
function remindAtDeadline(swim: Swim, about: string, { deadlineMs }: Suspicion): void {
  if ((swim.suspicionTimers.get(about) ?? Number.POSITIVE_INFINITY) <= deadlineMs) return;
  const delayMs = Math.max(0, deadlineMs - swim.nowMs);
  // As the timer has it, to the bit: it is known again by that.
  const dueMs = swim.nowMs + delayMs;
  swim.suspicionTimers.set(about, dueMs);
  swim.remind({ kind: 'suspicion', about, dueMs }, delayMs);
}
