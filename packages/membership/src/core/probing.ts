import type { Message, News } from './message.js';
import { hearNews } from './news.js';
import { askingBytes } from './probe.js';
import { isLive, type Peer } from './roster.js';
import type { Swim } from './swim.js';
import { watchForStalls } from './watching.js';

/** Begins the probe of whoever's turn it is. */
export function startProbe(swim: Swim): void {
  if (swim.isLeaving) return;
  const heardMs = (name: string): number | undefined => {
    const peer = swim.roster.get(name);
    const isWanted = name !== swim.settings.name && peer !== undefined && isLive(peer);
    return isWanted ? swim.roster.heardMs(name) : undefined;
  };
  const all = (): Iterable<string> => [...swim.roster.values()].map(({ name }) => name);
  const name = swim.ring.next(all, heardMs);
  if (name === undefined) swim.remindIn(swim.settings.probeIntervalMs, { kind: 'probe' });
  else probe(swim, swim.roster.get(name)!, false);
}

function probe(swim: Swim, target: Peer, isRepeated: boolean): void {
  const { awareness, settings } = swim;
  const seq = swim.nextSeq();
  // Both grow with the multiplier (Lifeguard §IV-A, LHA-Probe).
  const intervalMs = awareness.scale(settings.probeIntervalMs);
  const endsMs = swim.nowMs + intervalMs;
  const { name, incarnation } = target;
  swim.probe = { seq, target: name, incarnation, endsMs, isRepeated, helpers: [], nacks: new Set(), isAcked: false };
  swim.counters.probes += 1;
  swim.send(target, pingOf(swim, target, seq), undefined, askingBytes);
  swim.remindIn(awareness.scale(settings.probeTimeoutMs), { kind: 'probe-timeout', seq });
  swim.remindIn(intervalMs, { kind: 'probe-end', seq });
}

/** A ping, and with it what is suspected: only the suspect can refute that, so it is the first to hear of it (Lifeguard §IV-C). */
export function pingOf(swim: Swim, target: Peer, seq: number): Message[] {
  const isTold = target.status === 'suspect' && swim.settings.isLifeguardOn;
  return isTold ? [{ kind: 'ping', seq }, suspicionOf(swim, target)] : [{ kind: 'ping', seq }];
}

/** No direct answer yet: others try, and so does a stream, in case it is only the packets that are lost. */
export function probeTimeout(swim: Swim, seq: number): void {
  const under = swim.probe;
  if (under === undefined || under.seq !== seq || under.isAcked) return;
  const target = swim.roster.get(under.target);
  if (target === undefined || !isLive(target)) return;
  const isHelper = (peer: Peer): boolean =>
    peer.status === 'alive' && peer.name !== swim.settings.name && peer.name !== under.target;
  const helpers = swim.roster.draw(swim.settings.indirectChecks, swim.random, isHelper);
  swim.probe = { ...under, helpers: helpers.map(({ name }) => name) };
  for (const helper of helpers) {
    swim.send(helper, [{ kind: 'indirect-ping', seq, target: under.target }], undefined, askingBytes);
  }
  watchForStalls(swim);
  const leftMs = Math.max(1, under.endsMs - swim.nowMs);
  swim.ask(target.address, { kind: 'ping', to: under.target }, { kind: 'probe', seq }, leftMs);
}

/** Its time is over: whoever has not answered becomes a suspect. Then it is the next one's turn. */
export function probeEnd(swim: Swim, seq: number, isLate: boolean): void {
  const ended = swim.probe;
  if (ended === undefined || ended.seq !== seq) return;
  swim.probe = undefined;
  const target = swim.roster.get(ended.target);
  // A member that said something new since it was pinged, as after a restart, has answered in another way.
  const isAnswered = ended.isAcked || (target !== undefined && target.incarnation > ended.incarnation);
  if (isAnswered || target === undefined || !isLive(target) || swim.isLeaving) {
    startProbe(swim);
    return;
  }
  if (isLate && !ended.isRepeated) {
    // Its answer may be waiting in a socket of ours that nobody has read.
    probe(swim, target, true);
    return;
  }
  swim.counters.probesFailed += 1;
  // Helpers that are silent say more about this member's own health than about the target's (memberlist, state.go).
  const { helpers, nacks } = ended;
  swim.awareness.apply(helpers.length > 0 ? helpers.length - nacks.size : 1);
  hearNews(swim, suspicionOf(swim, target));
  startProbe(swim);
}

/** The target answered: to us, to another member, or over a stream. */
export function probeAcked(swim: Swim, seq: number, by: string): boolean {
  const under = swim.probe;
  if (under === undefined || under.seq !== seq || (by !== under.target && !under.helpers.includes(by))) return false;
  if (!under.isAcked) {
    swim.probe = { ...under, isAcked: true };
    swim.awareness.apply(-1);
    if (by !== under.target) swim.counters.probesSavedByOthers += 1;
  }
  return true;
}

/** A stream got through: packets do not, or are late. */
export function probeAnswered(swim: Swim, seq: number): void {
  const under = swim.probe;
  if (under === undefined || under.seq !== seq || under.isAcked) return;
  swim.counters.probesSavedByStream += 1;
  probeAcked(swim, seq, under.target);
}

export function probeNacked(swim: Swim, seq: number, by: string): boolean {
  const under = swim.probe;
  if (under === undefined || under.seq !== seq || !under.helpers.includes(by)) return false;
  swim.probe = { ...under, nacks: new Set(under.nacks).add(by) };
  return true;
}

/** This member's own suspicion of another. */
export function suspicionOf(swim: Swim, { name, incarnation }: Peer): Extract<News, { kind: 'suspect' }> {
  return { kind: 'suspect', about: name, incarnation, from: swim.settings.name };
}
