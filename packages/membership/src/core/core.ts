import { type Address, type Random, randomBelow } from '@commitlog/runtime';
import { allStates, catchUp } from './asking.js';
import type { Counters } from './counters.js';
import type { CoreTimer, Effect, Input } from './effect.js';
import { decodeExchange, encodeExchange } from './exchange.js';
import { gossip } from './gossip.js';
import { continueJoins, joinAnswered, startJoin } from './joining.js';
import { endLeave, leaveAnswered, maybeEndLeave, startLeave } from './leaving.js';
import type { Member } from './member.js';
import { encodeMessage, type Message, type News } from './message.js';
import { hearNews, hearOwnWord } from './news.js';
import { decodePacket, type Packet } from './packet.js';
import { probeAcked, probeAnswered, probeEnd, probeNacked, probeTimeout, startProbe } from './probing.js';
import { hearStates, pushPullTimer } from './push-pull.js';
import type { Recipient } from './recipient.js';
import { lostPlaces, reconnect } from './reconnect.js';
import { announce, setTags } from './refutation.js';
import { handleIndirectPing, handlePing, relayAcked, relayNack } from './relaying.js';
import { isLive, type Peer } from './roster.js';
import { type CoreSettings, checkSettings } from './settings.js';
import { suspicionTimer } from './suspecting.js';
import { memberOf, Swim } from './swim.js';
import { reap, tombstones } from './tombstones.js';
import { watchTimer } from './watching.js';

/** How much a core holds, in number: each has a stated bound. */
export interface Held {
  readonly members: number;
  readonly tombstones: number;
  readonly broadcasts: number;
  readonly suspicions: number;
  readonly relays: number;
  readonly asks: number;
  /** Names in the round of probes. */
  readonly turns: number;
}

/**
 * One member: a synchronous state machine. Packets, answers, timers and wishes go in with the time at which they happened; packets,
 * questions, timers and events come out. There is no clock, timer, socket or promise inside, and randomness is given.
 */
export class MembershipCore {
  readonly #swim: Swim;

  /** @throws MembershipError when a setting makes no sense */
  constructor(settings: CoreSettings, components: { readonly random: Random }) {
    checkSettings(settings);
    this.#swim = new Swim(settings, components.random);
  }

  /**
   * Takes one input and returns what it wants done, in this order. Never re-entered.
   *
   * @param nowMs a monotonic clock
   */
  step(input: Input, nowMs: number): Effect[] {
    const swim = this.#swim;
    swim.nowMs = nowMs;
    swim.corrections = [];
    if (swim.stalls.ran(nowMs)) swim.counters.stalls += 1;
    apply(swim, input);
    return swim.takeEffects();
  }

  get self(): Member {
    return this.#memberOf(this.#swim.self);
  }

  /** Everybody who is known: those that failed or left too, as long as they are remembered. */
  members(): Member[] {
    return [...this.#swim.roster.values()].map((peer) => this.#memberOf(peer));
  }

  member(name: string): Member | undefined {
    const peer = this.#swim.roster.get(name);
    return peer === undefined ? undefined : this.#memberOf(peer);
  }

  /** Where this member would look for the others after a restart: where they are, and where those were who are not found now. */
  contacts(): Address[] {
    const { roster, settings } = this.#swim;
    const live = [...roster.values()].filter((peer) => isLive(peer) && peer.name !== settings.name);
    return [...live.map(({ address }) => address), ...lostPlaces(this.#swim)];
  }

  /** Lifeguard's local health multiplier: 0 when healthy. */
  get healthScore(): number {
    return this.#swim.awareness.score;
  }

  get counters(): Readonly<Counters> {
    return this.#swim.counters;
  }

  get held(): Held {
    const { roster, broadcasts, suspicions, relays, asks, ring } = this.#swim;
    return {
      members: roster.live,
      tombstones: tombstones(this.#swim),
      broadcasts: broadcasts.size,
      suspicions: suspicions.size,
      relays: relays.size,
      asks: asks.size,
      turns: ring.size,
    };
  }

  /** Its own new tags hold here at once, also while they wait to be told. */
  #memberOf(peer: Peer): Member {
    const { self, tagsToTell } = this.#swim;
    return memberOf(peer === self && tagsToTell !== undefined ? { ...peer, ...tagsToTell } : peer);
  }
}

function apply(swim: Swim, input: Input): void {
  switch (input.kind) {
    case 'start':
      start(swim, input.contacts);
      break;
    case 'packet':
      handlePacket(swim, input.from, input.bytes);
      break;
    case 'asked':
      handleAsked(swim, input.id, input.bytes);
      break;
    case 'answered':
      handleAnswered(swim, input.id, input.bytes);
      break;
    case 'timer':
      handleTimer(swim, input.timer);
      break;
    case 'join':
      startJoin(swim, input.join, input.addresses);
      break;
    case 'set-tags':
      setTags(swim, input.tags);
      break;
    case 'leave':
      startLeave(swim);
  }
}

function start(swim: Swim, contacts: readonly Address[]): void {
  const { settings, random } = swim;
  for (const contact of contacts) swim.contacts.add(contact, swim.nowMs);
  // Not all at the same moment, where all are started at the same moment.
  const within = (ms: number): number => randomBelow(random, Math.ceil(ms));
  swim.remindIn(within(settings.probeIntervalMs), { kind: 'probe' });
  swim.remindIn(within(settings.pushPullIntervalMs), { kind: 'push-pull' });
  announce(swim, swim.self);
  reconnect(swim);
  reap(swim);
}

function handlePacket(swim: Swim, address: Address, bytes: Uint8Array): void {
  const packet = decodePacket(bytes);
  // Each question is answered in as many bytes as came: two in one packet would have us answer with more than we got.
  if (packet === undefined || packet.messages.filter(isQuestion).length > 1) {
    swim.counters.malformed += 1;
    return;
  }
  if (packet.to !== swim.settings.name || packet.from === swim.settings.name) {
    swim.counters.misaddressed += 1;
    return;
  }
  swim.roster.hear(packet.from, swim.nowMs);
  hearOwnWord(swim, packet.from, packet.incarnation);
  const from = { name: packet.from, address };
  // News first, so that an answer already tells what came of it.
  for (const message of packet.messages) {
    if ('about' in message) hearNews(swim, message, isOwnNews(message, packet));
  }
  catchUp(swim, packet.from, packet.incarnation);
  for (const message of packet.messages) if (!('about' in message)) handleProbing(swim, from, message, bytes.length);
  // An answer has carried them already.
  if (!packet.messages.some(isQuestion)) sendCorrections(swim, from, bytes.length);
}

/** Straight to who told what does not hold, as far as there is room: no answer is longer than what it answers. */
function sendCorrections(swim: Swim, to: Recipient, bytesMax: number): void {
  const packet = swim.packetTo(to.name, bytesMax);
  for (const news of swim.corrections) packet.add(encodeMessage(news));
  // Where its own account has no room, a packet that only says its incarnation has the other ask.
  const isAboutSelf = swim.corrections.some(({ about }) => about === swim.settings.name);
  if (!packet.isEmpty || isAboutSelf) swim.emit({ kind: 'send', to: to.address, bytes: packet.bytes() });
}

function isQuestion({ kind }: Message): boolean {
  return kind === 'ping' || kind === 'indirect-ping';
}

/** What a member says of itself, in a packet that came straight from it. */
function isOwnNews(news: News, { from, incarnation }: Packet): boolean {
  const isSaying = news.kind === 'alive' || news.kind === 'left';
  return isSaying && news.about === from && news.incarnation === incarnation;
}

function handleProbing(
  swim: Swim,
  from: Recipient,
  message: Exclude<Message, { about: string }>,
  bytesMax: number,
): void {
  const { seq } = message;
  switch (message.kind) {
    case 'ping':
      handlePing(swim, from, seq, bytesMax);
      return;
    case 'indirect-ping':
      handleIndirectPing(swim, from, { seq, target: message.target, bytesMax });
      return;
    case 'ack':
      if (!probeAcked(swim, seq, from.name) && !relayAcked(swim, seq, from.name)) swim.counters.unexpected += 1;
      return;
    case 'nack':
      if (!probeNacked(swim, seq, from.name)) swim.counters.unexpected += 1;
  }
}

function handleAsked(swim: Swim, id: number, bytes: Uint8Array): void {
  const { membersMax, tombstonesMax, name } = swim.settings;
  const question = decodeExchange(bytes, membersMax + tombstonesMax);
  if (question?.kind === 'ping') {
    if (question.to === name) swim.emit({ kind: 'respond', id, bytes: encodeExchange({ kind: 'pong' }) });
    else swim.counters.misaddressed += 1;
  } else if (question?.kind === 'push-pull') {
    // What is known before hearing the other: it knows its own part.
    const answer = allStates(swim);
    hearStates(swim, question.from, question.states);
    swim.emit({ kind: 'respond', id, bytes: encodeExchange(answer) });
  } else swim.counters.malformed += 1;
}

function handleAnswered(swim: Swim, id: number, bytes: Uint8Array | undefined): void {
  const purpose = swim.asks.get(id);
  if (purpose === undefined) return;
  swim.asks.delete(id);
  const { membersMax, tombstonesMax } = swim.settings;
  const answer = bytes === undefined ? undefined : decodeExchange(bytes, membersMax + tombstonesMax);
  if (bytes !== undefined && answer === undefined) swim.counters.malformed += 1;
  if (purpose.kind === 'probe') {
    if (answer?.kind === 'pong') probeAnswered(swim, purpose.seq);
    // What it took of the room for questions is free for a join that waits.
    continueJoins(swim);
    return;
  }
  const isReached = answer?.kind === 'push-pull' && answer.from !== swim.settings.name;
  if (purpose.kind === 'leave') {
    leaveAnswered(swim, isReached);
    return;
  }
  if (isReached) hearStates(swim, answer.from, answer.states);
  if (purpose.join !== undefined) joinAnswered(swim, purpose.join, isReached);
  continueJoins(swim);
}

function handleTimer(swim: Swim, timer: CoreTimer): void {
  if (swim.stalls.ranTimer(timer.dueMs, swim.nowMs)) swim.counters.stalls += 1;
  const isLate = swim.stalls.hasJustEnded(swim.nowMs);
  switch (timer.kind) {
    case 'probe':
      startProbe(swim);
      break;
    case 'probe-timeout':
      probeTimeout(swim, timer.seq);
      break;
    case 'probe-end':
      probeEnd(swim, timer.seq, isLate);
      break;
    case 'relay-nack':
      relayNack(swim, timer.seq);
      break;
    case 'relay-end':
      swim.relays.delete(timer.seq);
      break;
    case 'suspicion':
      // Else superseded by an earlier one, which has set another if it had to.
      if (swim.suspicionsDueMs === timer.dueMs) suspicionTimer(swim, isLate);
      break;
    case 'watch':
      watchTimer(swim);
      break;
    case 'gossip':
      gossip(swim);
      maybeEndLeave(swim);
      break;
    case 'push-pull':
      pushPullTimer(swim);
      break;
    case 'reconnect':
      reconnect(swim);
      break;
    case 'reap':
      reap(swim);
      break;
    case 'leave':
      endLeave(swim);
  }
}
