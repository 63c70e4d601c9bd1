import type { Address, Timer } from '@commitlog/runtime';
import {
  addressText,
  type CoreSettings,
  type Counters,
  checkSettings,
  defaultSettings,
  type Effect,
  exchangeBytesMax,
  type Input,
  type Member,
  MembershipCore,
  MembershipError,
  type MembershipEvent,
  type Profile,
  profiles,
  type Tags,
} from '../core/index.js';
import {
  type Envelope,
  type EnvelopeCounters,
  Keyring,
  PlainEnvelope,
  plainHandshake,
  SealedEnvelope,
  sealedHandshake,
} from '../seal/index.js';
import { advertisedAddress, type Binding, bind, checkBinding, checkPlaces } from './binding.js';
import { EventStream } from './event-stream.js';
import type { Exchanges } from './exchanges.js';
import type { MembershipComponents, MembershipInit } from './membership-init.js';
import type { SavedState } from './saved-state.js';
import { Saver } from './saver.js';
import { TcpExchanges } from './tcp-exchanges.js';

/** Connections that are answered at a time. */
const connectionsMax = 64;
const clusterLengthMax = 255;

/** One member of a cluster, with sockets. */
export class Membership {
  readonly #settings: Omit<CoreSettings, 'address' | 'incarnation'>;
  readonly #init: MembershipInit;
  readonly #components: MembershipComponents;
  readonly #envelope: Envelope;
  readonly #exchanges: Exchanges;
  readonly #saver: Saver | undefined;
  readonly #timers: Set<Timer> = new Set();
  readonly #events: Set<EventStream> = new Set();
  readonly #joins: Map<number, (reached: number) => void> = new Map();
  #joinsMade = 0;
  #asked = 0;
  /** The answer to the question that is being put to the core. */
  #answer: Uint8Array | undefined;
  #core: MembershipCore | undefined;
  #binding: Binding | undefined;
  #leaveTold: (() => void) | undefined;
  #starting: Promise<void> | undefined;
  #leaving: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws MembershipError when a setting makes no sense, or there is no keyring and an address is not of this machine alone */
  constructor(init: MembershipInit, components: MembershipComponents) {
    const { cluster, bind: local, advertise, profile = 'lan', ...settings } = init;
    if (typeof cluster !== 'string' || cluster.length < 1 || cluster.length > clusterLengthMax) {
      throw refused(`cluster must have 1 to ${clusterLengthMax} characters, got ${JSON.stringify(cluster)}`);
    }
    if (components.keyring !== undefined && !(components.keyring instanceof Keyring)) {
      throw refused('keyring must be a Keyring: pass new Keyring(key)');
    }
    this.#init = init;
    this.#components = components;
    this.#settings = { ...defaultSettings, ...profileOf(profile), ...given(settings) };
    checkBinding(local, advertise, components.keyring !== undefined);
    checkSettings({ ...this.#settings, address: { host: (advertise ?? local).host, port: 1 }, incarnation: 0 });
    this.#envelope = this.#makeEnvelope();
    this.#exchanges = this.#makeExchanges();
    const { store, clock, onProblem } = components;
    this.#saver =
      store && new Saver({ store, clock, current: () => this.#savedState(), failed: (error) => onProblem?.(error) });
  }

  /** Binds, and looks for the members that were saved. Resolves once it can be reached; a second call waits for the first. */
  start(): Promise<void> {
    if (this.#stopping !== undefined) {
      const why = `${this.#init.name} was stopped and does not start again: make another`;
      return Promise.reject(new MembershipError('ERR_MEMBERSHIP_STOPPED', why));
    }
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Whether packets are sealed. Without a keyring they are not. */
  get isSealed(): boolean {
    return this.#components.keyring !== undefined;
  }

  /** This member, as it tells others of itself. */
  get self(): Member {
    return this.#running.self;
  }

  /** Everybody who is known, this one included, those that failed or left too for as long as they are remembered. */
  members(): Member[] {
    return this.#running.members();
  }

  member(name: string): Member | undefined {
    return this.#running.member(name);
  }

  /** Lifeguard's local health multiplier: 0 when this member finds itself healthy, up to `awarenessMaxMultiplier` − 1. */
  get healthScore(): number {
    return this.#running.healthScore;
  }

  get counters(): Readonly<Counters & EnvelopeCounters & { streamsRefused: number }> {
    const streamsRefused = this.#exchanges instanceof TcpExchanges ? this.#exchanges.refused : 0;
    return { ...this.#running.counters, ...this.#envelope.counters, streamsRefused };
  }

  /** What happens from now on. Every call gives a reader of its own; it ends when the member stops. */
  events(): AsyncIterableIterator<MembershipEvent> {
    const { membersMax, tombstonesMax } = this.#settings;
    // Whoever is known fits, with room for those who are forgotten meanwhile.
    const stream = new EventStream(2 * (membersMax + tombstonesMax), (closed) => void this.#events.delete(closed));
    this.#events.add(stream);
    if (this.#stopping !== undefined) stream.close();
    return stream;
  }

  /**
   * Exchanges all that is known with each of `addresses`. One that answers is enough to know everybody.
   *
   * @param addresses here hosts may be names
   * @returns how many answered
   * @throws MembershipError `ERR_MEMBERSHIP_JOIN` when none did. They are tried again all the same for as long as this member is alone
   */
  async join(addresses: readonly Address[]): Promise<number> {
    checkPlaces(addresses, this.#settings.membersMax);
    void this.#running;
    this.#joinsMade += 1;
    const join = this.#joinsMade;
    const ended = new Promise<number>((resolve) => this.#joins.set(join, resolve));
    this.#step({ kind: 'join', join, addresses });
    const reached = await ended;
    if (reached === 0 && addresses.length > 0) {
      const tried = addresses.map(addressText).join(', ');
      throw new MembershipError(
        'ERR_MEMBERSHIP_JOIN',
        `nobody answered at ${tried}: is one of them up, with the same cluster and a common key?`,
      );
    }
    return reached;
  }

  /**
   * Says something else of itself from now on.
   *
   * @throws MembershipError `ERR_MEMBERSHIP_TAGS` when these cannot be told
   */
  setTags(tags: Tags): void {
    void this.#running;
    this.#step({ kind: 'set-tags', tags });
  }

  /** Tells the others that this member goes, and stops. They will not take it for failed. A second call waits for the first. */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /** Stops without a word: the others will find out. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #running(): MembershipCore {
    if (this.#core !== undefined) return this.#core;
    throw new MembershipError('ERR_MEMBERSHIP_STOPPED', `${this.#init.name} is not running: call start() and await it`);
  }

  async #start(): Promise<void> {
    const { store, random } = this.#components;
    const saved = await store?.load();
    if (saved !== undefined) this.#checkSaved(saved);
    const { bind: local, advertise } = this.#init;
    this.#binding = await bind(
      local,
      {
        receive: (packet, from) => this.#receive(packet, from),
        answer: (question) => this.#answerTo(question),
      },
      { datagrams: this.#components.datagrams, exchanges: this.#exchanges },
    );
    if (this.#stopping !== undefined) return;
    this.#core = new MembershipCore(
      {
        ...this.#settings,
        address: advertisedAddress(this.#binding.socket.local, advertise),
        incarnation: saved === undefined ? 0 : saved.incarnation + 1,
      },
      { random },
    );
    this.#step({ kind: 'start', contacts: saved?.contacts ?? [] });
    this.#saver?.saveSoon();
  }

  async #leave(): Promise<void> {
    await this.#starting;
    if (this.#stopping === undefined && this.#core !== undefined) {
      await new Promise<void>((told) => {
        this.#leaveTold = told;
        this.#step({ kind: 'leave' });
      });
    }
    await this.stop();
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    if (this.#core !== undefined) await this.#saver?.saveNow();
    this.#core = undefined;
    this.#leaveTold?.();
    for (const resolve of this.#joins.values()) resolve(0);
    for (const stream of this.#events) stream.close();
    await Promise.all([this.#binding?.socket.close(), this.#binding?.listener.close()]);
  }

  #step(input: Input): void {
    if (this.#core === undefined || this.#stopping !== undefined) return;
    const { incarnation } = this.#core.self;
    for (const effect of this.#core.step(input, this.#components.clock.monotonicMs())) this.#carryOut(effect);
    if (this.#core.self.incarnation !== incarnation) this.#saver?.saveSoon();
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#binding!.socket.send(this.#envelope.seal(effect.to, effect.bytes), effect.to);
        break;
      case 'ask':
        void this.#ask(effect);
        break;
      case 'respond':
        this.#answer = effect.bytes;
        break;
      case 'timer': {
        const timer = this.#components.clock.after(effect.delayMs, () => {
          this.#timers.delete(timer);
          this.#step({ kind: 'timer', timer: effect.timer });
        });
        this.#timers.add(timer);
        break;
      }
      case 'event':
        for (const stream of this.#events) stream.push(effect.event);
        this.#saver?.saveSoon();
        break;
      case 'join-ended':
        this.#joins.get(effect.join)?.(effect.reached);
        this.#joins.delete(effect.join);
        break;
      case 'leave-told':
        this.#leaveTold?.();
    }
  }

  #receive(packet: Uint8Array, from: Address): void {
    if (this.#core === undefined) return;
    const opened = this.#envelope.open(from, packet);
    if (opened.kind === 'payload') this.#step({ kind: 'packet', from, bytes: opened.payload });
    else if (opened.kind === 'reply') this.#binding!.socket.send(opened.packet, from);
  }

  #answerTo(question: Uint8Array): Uint8Array | undefined {
    this.#answer = undefined;
    this.#asked += 1;
    this.#step({ kind: 'asked', id: this.#asked, bytes: question });
    return this.#answer;
  }

  async #ask({ id, to, bytes, timeoutMs }: Extract<Effect, { kind: 'ask' }>): Promise<void> {
    let answer: Uint8Array | undefined;
    try {
      answer = await this.#exchanges.ask(to, bytes, { timeoutMs });
    } catch {
      // To the protocol, whoever does not answer is not there; why is not its business.
      answer = undefined;
    }
    this.#step({ kind: 'answered', id, bytes: answer });
  }

  #makeEnvelope(): Envelope {
    const { keyring, random, clock } = this.#components;
    const { cluster } = this.#init;
    if (keyring === undefined) return new PlainEnvelope(cluster);
    // A member that restarts is a new sender; so there is room for each to do so before all are asked to prove themselves again.
    return new SealedEnvelope({ cluster, peersMax: 2 * this.#settings.membersMax }, { keyring, random, clock });
  }

  #makeExchanges(): Exchanges {
    const { streams, clock, keyring, random } = this.#components;
    if ('ask' in streams) return streams;
    const { cluster } = this.#init;
    const handshake = keyring === undefined ? plainHandshake(cluster) : sealedHandshake(cluster, { keyring, random });
    const { membersMax, tombstonesMax, streamTimeoutMs } = this.#settings;
    const bytesMax = exchangeBytesMax(membersMax + tombstonesMax);
    return new TcpExchanges(
      { bytesMax, answerWithinMs: streamTimeoutMs, connectionsMax },
      { streams, clock, handshake },
    );
  }

  #savedState(): SavedState {
    const { name, incarnation } = this.#core!.self;
    return { cluster: this.#init.cluster, name, incarnation, contacts: this.#core!.contacts() };
  }

  #checkSaved({ cluster, name }: SavedState): void {
    if (cluster === this.#init.cluster && name === this.#init.name) return;
    throw new MembershipError(
      'ERR_MEMBERSHIP_SAVED',
      `what was saved is of ${name} in cluster ${cluster}, this is ${this.#init.name} in ${this.#init.cluster}: save elsewhere`,
    );
  }
}

function profileOf(profile: unknown): Profile {
  const found = typeof profile === 'string' && Object.hasOwn(profiles, profile) ? profiles[profile as 'lan'] : profile;
  if (typeof found === 'object' && found !== null) return found as Profile;
  throw refused(`profile must be ${Object.keys(profiles).join(', ')}, or one of your own, got ${String(profile)}`);
}

/** What is set to undefined is not set. */
function given<Settings extends object>(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings;
}

function refused(message: string): MembershipError {
  return new MembershipError('ERR_MEMBERSHIP_SETTINGS', message);
}
