import { type Address, type Random, randomBelow } from '@commitlog/runtime';
import { canonical } from './address.js';
import { Awareness } from './awareness.js';
import { BroadcastQueue } from './broadcast-queue.js';
import { Contacts } from './contacts.js';
import { type Counters, zeroCounters } from './counters.js';
import type { Effect, TimerKind } from './effect.js';
import { type Exchange, encodeExchange } from './exchange.js';
import type { Member, MembershipEvent } from './member.js';
import { encodeMessage, type Message, type News } from './message.js';
import { PacketBuilder, payloadBytesMax } from './packet.js';
import type { Probe } from './probe.js';
import { ProbeRing } from './probe-ring.js';
import type { Recipient } from './recipient.js';
import type { Relay } from './relay.js';
import type { AskPurpose, Join, LeaveWord } from './requests.js';
import { type Peer, Roster } from './roster.js';
import { type CoreSettings, timerMsMax } from './settings.js';
import { Stalls } from './stalls.js';
import type { Suspicion } from './suspicion.js';
import { type DescribedTags, describeTags } from './tags.js';

/**
 * All that one member knows and is in the middle of. What happens to it is in the files beside this one, each a concept; this is
 * what they share.
 */
export class Swim {
  nowMs = 0;
  isLeaving = false;
  leaveWord: LeaveWord = 'unsaid';
  isLeaveTold = false;
  roundsStayed = 0;
  readonly settings: CoreSettings;
  readonly random: Random;
  readonly roster: Roster = new Roster();
  readonly ring: ProbeRing;
  readonly contacts: Contacts;
  readonly awareness: Awareness;
  readonly stalls: Stalls;
  readonly broadcasts: BroadcastQueue = new BroadcastQueue();
  readonly suspicions: Map<string, Suspicion> = new Map();
  /** When the one timer for all of them is due; whatever is due at another time is not looked at any more. */
  suspicionsDueMs: number = Number.POSITIVE_INFINITY;
  /** The one probe under way. */
  probe: Probe | undefined;
  /** Probes on behalf of others, by the number that their pings carry. */
  readonly relays: Map<number, Relay> = new Map();
  /** What was asked over streams, by the number of the `ask` effect. */
  readonly asks: Map<number, AskPurpose> = new Map();
  readonly joins: Map<number, Join> = new Map();
  readonly counters: Counters = zeroCounters();
  isGossipDue = false;
  /** When this member last asked another what it says of itself. */
  caughtUpMs: number = Number.NEGATIVE_INFINITY;
  /** When this member last raised its incarnation. */
  raisedMs: number = Number.NEGATIVE_INFINITY;
  /** The highest incarnation that a claim about this member had, and that is still to be answered. */
  toRefute: number | undefined;
  /** Tags that this member has by its own account, and that are still to be told. */
  tagsToTell: DescribedTags | undefined;
  /** What the sender of the packet that is being read should know. */
  corrections: News[] = [];
  #effects: Effect[] = [];
  #seq: number;

  constructor(settings: CoreSettings, random: Random) {
    this.settings = settings;
    this.random = random;
    this.ring = new ProbeRing(random, settings.membersMax + settings.tombstonesMax + 1);
    this.contacts = new Contacts(2 * settings.membersMax);
    this.awareness = new Awareness(settings.isLifeguardOn ? settings.awarenessMaxMultiplier : 1);
    this.stalls = new Stalls(settings.probeTimeoutMs / 2);
    // Drawn, so that an answer to who had this name before is none to us.
    this.#seq = randomBelow(random, 2 ** 32);
    const { name, incarnation, tags } = settings;
    this.roster.set({
      name,
      address: canonical(settings.address),
      ...describeTags(tags),
      incarnation,
      status: 'alive',
      changedMs: 0,
    });
  }

  get self(): Peer {
    return this.roster.get(this.settings.name)!;
  }

  nextSeq(): number {
    this.#seq = (this.#seq + 1) >>> 0;
    return this.#seq;
  }

  /** How often each piece of news is told by this member: λ·log(n) (SWIM §4.1). */
  get timesToTell(): number {
    return this.settings.retransmitMult * Math.ceil(Math.log10(this.roster.live + 1));
  }

  /** Sends messages, and fills the room that is left with news. */
  send(to: Recipient, messages: readonly Message[], bytesMax: number = payloadBytesMax, padTo = 0): void {
    const packet = this.packetTo(to.name, bytesMax);
    for (const message of messages) packet.add(encodeMessage(message));
    this.broadcasts.fill(packet, this.timesToTell);
    packet.padTo(padTo);
    this.emit({ kind: 'send', to: to.address, bytes: packet.bytes() });
  }

  /** Asks over a stream; the answer comes back with `purpose`. */
  ask(to: Address, exchange: Exchange, purpose: AskPurpose, timeoutMs: number): void {
    const id = this.nextSeq();
    this.asks.set(id, purpose);
    const bytes = encodeExchange(exchange);
    this.emit({ kind: 'ask', id, to, bytes, timeoutMs: Math.min(timeoutMs, timerMsMax) });
  }

  packetTo(to: string, bytesMax: number): PacketBuilder {
    const { name, incarnation } = this.self;
    return new PacketBuilder({ from: name, to, incarnation }, bytesMax);
  }

  /** Lets everybody know, from the next round of gossip on and with every packet till then. */
  tell(news: News): void {
    this.broadcasts.add(news.about, encodeMessage(news));
    this.gossipSoon();
  }

  /** Tells what holds once more, and first to who has just told otherwise. */
  correct(news: News): void {
    if (!this.broadcasts.has(news.about)) this.tell(news);
    this.corrections.push(news);
  }

  gossipSoon(): void {
    if (this.isGossipDue) return;
    this.isGossipDue = true;
    this.remindIn(this.settings.gossipIntervalMs, { kind: 'gossip' });
  }

  /** Returns when that will be: in 24 days at the latest, the longest that timers can wait. */
  remindIn(wantedMs: number, timer: TimerKind): number {
    const delayMs = Math.min(wantedMs, timerMsMax);
    const dueMs = this.nowMs + delayMs;
    this.emit({ kind: 'timer', timer: { ...timer, dueMs }, delayMs });
    return dueMs;
  }

  report(kind: MembershipEvent['kind'], peer: Peer): void {
    this.emit({ kind: 'event', event: { kind, member: memberOf(peer) } });
  }

  emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  takeEffects(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

export function memberOf({ name, address, tags, status, incarnation }: Peer): Member {
  return { name, address, tags, status, incarnation };
}

/** What a member says of itself, or what is told of it when it is well. */
export function aliveNews({ name, address, tagBytes, incarnation }: Peer): News {
  return { kind: 'alive', about: name, incarnation, address, tagBytes };
}
