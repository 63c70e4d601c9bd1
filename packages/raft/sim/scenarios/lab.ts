import assert from 'node:assert/strict';
import { SeededRandom } from '@commitlog/simulation';
import {
  type CoreSettings,
  type CoreStatus,
  type DurableMessage,
  defaultSettings,
  type Effect,
  type Entry,
  type EntryFormat,
  emptyState,
  type Input,
  type MemberId,
  type Message,
  RaftCore,
  type Role,
  type SnapshotMeta,
  type StoredState,
} from '../../src/index.js';

/** Members of a lab are called n1, n2, …, each on its first storage. */
export function member(number: number): MemberId {
  return `n${number}@s1`;
}

function members(count: number): MemberId[] {
  return Array.from({ length: count }, (_, at) => member(at + 1));
}

export interface LabInit {
  readonly id?: number;
  readonly voters?: number;
  /** The term of each entry that is on disk from the start. */
  readonly log?: readonly number[];
  readonly term?: number;
  readonly vote?: MemberId | null;
  readonly commit?: number;
  readonly learners?: readonly MemberId[];
  readonly seed?: string;
  readonly settings?: Partial<CoreSettings>;
  readonly stored?: Partial<StoredState>;
  readonly format?: EntryFormat;
}

/** Fields of a message that a test cares about; the rest is filled in. */
export type Given<Kind extends Message['kind']> = Partial<Extract<Message, { kind: Kind }>>;

export function entry(index: number, term: number, text = `${index}/${term}`): Entry {
  return { index, term, type: 'data', data: new TextEncoder().encode(text) };
}

/** One core under glass: every input is given by hand, every effect can be looked at, and its disk syncs when told to. */
export class Lab {
  readonly self: MemberId;
  readonly core: RaftCore;
  nowMs = 0;
  /** Everything it ever wanted done. */
  readonly effects: Effect[] = [];
  /** What it has sent and nobody has taken yet. */
  sent: Message[] = [];
  /** Whether a write is on disk at once. */
  isSyncing = true;
  readonly #entries: Entry[] = [];
  #unsynced: { write: number; thenSend: readonly DurableMessage[] }[] = [];
  #messages = 0;

  constructor(init: LabInit = {}) {
    const { id = 1, voters = 3, log = [], term = log.at(-1) ?? 0, vote = null, commit = 0, learners = [] } = init;
    this.self = member(id);
    this.#entries = log.map((each, at) => entry(at + 1, each));
    const configuration = { voters: members(voters), outgoing: [], learners };
    const snapshot: SnapshotMeta = { id: 'founding', index: 0, term: 0, configuration, configurationIndex: 0 };
    const stored: StoredState = {
      ...emptyState,
      hardState: { term, vote, commit },
      snapshot,
      lastIndex: log.length,
      terms: log.flatMap((each, at) => (log[at - 1] === each ? [] : [{ first: at + 1, term: each }])),
      ...init.stored,
    };
    const settings = { ...defaultSettings, electionTimeoutMs: 100, heartbeatMs: 10, self: this.self, ...init.settings };
    this.core = new RaftCore(settings, stored, {
      random: new SeededRandom(init.seed ?? `lab ${id}`),
      format: init.format,
    });
  }

  get status(): CoreStatus {
    return this.core.status;
  }

  get role(): Role {
    return this.core.status.role;
  }

  /** The terms of its log. */
  get log(): number[] {
    const { firstIndex, lastIndex } = this.core.status;
    const terms: number[] = [];
    for (let index = firstIndex; index <= lastIndex; index++) terms.push(this.core.termAt(index)!);
    return terms;
  }

  entryAt(index: number): Entry | undefined {
    return this.#entries[index - 1];
  }

  step(input: Input): Effect[] {
    const effects = this.core.step(input, this.nowMs);
    for (const effect of effects) this.#carryOut(effect);
    return effects;
  }

  /** Time goes by, ticking on the way. */
  pass(ms: number): void {
    for (let gone = 0; gone < ms; gone += 5) {
      this.nowMs += Math.min(5, ms - gone);
      this.step({ kind: 'tick' });
    }
  }

  receive<Kind extends Message['kind']>(kind: Kind, from: number, given: Given<Kind>): Effect[] {
    this.#messages += 1;
    const header = { kind, id: this.#messages, from: member(from), to: this.self, term: this.core.term };
    return this.step({ kind: 'message', message: { ...header, ...given } as unknown as Message });
  }

  append(from: number, given: Given<'append'>): Effect[] {
    return this.receive('append', from, { prevIndex: 0, prevTerm: 0, entries: [], commit: 0, ...given });
  }

  /** What it has sent of this kind since the last look; the rest stays. */
  take<Kind extends Message['kind']>(kind: Kind): Extract<Message, { kind: Kind }>[] {
    const taken = this.sent.filter((message) => message.kind === kind);
    this.sent = this.sent.filter((message) => message.kind !== kind);
    return taken as Extract<Message, { kind: Kind }>[];
  }

  clear(): void {
    this.sent = [];
  }

  /** The disk has done what was asked of it so far. */
  sync(): void {
    for (const { write, thenSend } of this.#unsynced.splice(0)) {
      this.sent.push(...thenSend);
      this.step({ kind: 'persisted', write });
    }
  }

  /** Waits for its own election timeout and lets it win with the votes of `voters`. */
  becomeLeader(voters: readonly number[] = [2]): this {
    this.becomeCandidate();
    for (const voter of voters) this.receive('vote-granted', voter, {});
    assert.equal(this.role, 'leader');
    return this;
  }

  becomeCandidate(): this {
    this.pass(250);
    if (this.role === 'pre-candidate') {
      const { voters } = this.core.configuration.configuration;
      for (let at = 1; at <= voters.length; at++) {
        if (member(at) !== this.self && this.role === 'pre-candidate') {
          this.receive('pre-vote-granted', at, { term: this.core.term + 1 });
        }
      }
    }
    assert.equal(this.role, 'candidate');
    return this;
  }

  propose(text = 'x'): Effect[] {
    return this.step({ kind: 'propose', data: [new TextEncoder().encode(text)] });
  }

  #carryOut(effect: Effect): void {
    this.effects.push(effect);
    if (effect.kind === 'send') this.sent.push(effect.message);
    else if (effect.kind === 'read') {
      const entries = this.#entries.slice(effect.first - 1, effect.last);
      this.step({ kind: 'read-done', read: effect.read, entries });
    } else if (effect.kind === 'stage-chunk') {
      this.#unsynced.push({ write: effect.write, thenSend: [] });
      if (this.isSyncing) this.sync();
    } else if (effect.kind === 'persist') {
      if (effect.truncateFrom !== undefined)
        this.#entries.length = Math.min(this.#entries.length, effect.truncateFrom - 1);
      for (const each of effect.entries) this.#entries[each.index - 1] = each;
      this.#unsynced.push({ write: effect.write, thenSend: effect.thenSend });
      if (this.isSyncing) this.sync();
    }
  }
}

/** Labs joined by a network that delivers at once, but for the links that are cut. */
export class LabNet {
  readonly labs: Lab[];
  /** Says which messages get lost. */
  isLost: (message: Message) => boolean = () => false;
  delivered = 0;

  constructor(labs: readonly Lab[]) {
    this.labs = [...labs];
  }

  lab(number: number): Lab {
    return this.labs.find((each) => each.self === member(number))!;
  }

  /** Whether all follow one leader, and hold and commit the same. */
  get isSettled(): boolean {
    const leader = this.labs.find((lab) => lab.role === 'leader');
    return this.labs.every(
      (lab) =>
        leader !== undefined && lab.core.leader === leader.self && lab.core.commitIndex === leader.status.lastIndex,
    );
  }

  /** Delivers until nobody has anything to say. */
  settle(): void {
    for (let round = 0; round < 10_000; round++) {
      const messages = this.labs.flatMap((lab) => lab.sent.splice(0));
      if (messages.length === 0) return;
      for (const message of messages) {
        if (this.isLost(message)) continue;
        this.delivered += 1;
        this.labs.find((lab) => lab.self === message.to)?.step({ kind: 'message', message });
      }
    }
    throw new Error('they never stop talking');
  }

  pass(ms: number): void {
    for (let gone = 0; gone < ms; gone += 5) {
      for (const lab of this.labs) lab.pass(5);
      this.settle();
    }
  }

  /** Only this one's timer runs until it campaigns; then everybody talks. */
  campaign(number: number): void {
    const lab = this.lab(number);
    for (let waited = 0; waited < 400 && lab.role === 'follower'; waited += 5) lab.pass(5);
    for (const other of this.labs) other.nowMs = Math.max(other.nowMs, lab.nowMs);
    this.settle();
  }

  isolate(...numbers: readonly number[]): void {
    const cut = numbers.map(member);
    this.isLost = (message) => cut.includes(message.from) || cut.includes(message.to);
  }

  recover(): void {
    this.isLost = () => false;
  }
}
