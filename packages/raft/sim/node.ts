import type { EventQueue, SeededRandom } from '@commitlog/simulation';
import {
  type CoreSettings,
  type CoreStatus,
  type DurableMessage,
  type Effect,
  type Entry,
  emptyConfiguration,
  type Index,
  type Input,
  type MemberId,
  type Message,
  memberId,
  type PlacedConfiguration,
  RaftCore,
  type SnapshotMeta,
} from '../src/index.js';
import { type DiskQuality, SimDisk } from './disk.js';
import { Machine } from './machine.js';
import { OwnSnapshots } from './own-snapshots.js';
import { PendingReads } from './pending-reads.js';
import { type Outcome, PendingProposals } from './proposals.js';
import type { Record, Sent } from './record.js';
import { check } from './violation.js';
import type { SimTrace, WorldKind } from './world-event.js';

export interface SimNodeInit {
  readonly name: string;
  readonly settings: Omit<CoreSettings, 'self'>;
  readonly disk: DiskQuality;
  readonly tickMs: number;
  /** A snapshot is written every so many applied entries; 0: never. */
  readonly snapshotEvery: number;
  readonly snapshotPaddingBytes: number;
  /** Entries that stay in the log below a snapshot. */
  readonly trailing: number;
  readonly proposalBytesMax: number;
}

export interface SimNodeComponents {
  readonly events: EventQueue;
  readonly random: SeededRandom;
  readonly record: Record;
  readonly send: (from: string, message: Message) => void;
  readonly trace: SimTrace | undefined;
  /** Told of everything a step returned, before it is carried out. */
  readonly onStep?: (node: SimNode, input: Input, effects: readonly Effect[]) => void;
}

/**
 * One machine of a simulated cluster: what the driver is to a real one, with a disk that crashes and a process that can be
 * killed between any two effects, or stopped and resumed.
 */
export class SimNode {
  readonly name: string;
  readonly init: SimNodeInit;
  settings: CoreSettings;
  member: MemberId;
  disk: SimDisk;
  core: RaftCore | null = null;
  machine: Machine = new Machine();
  /** The record's: the highest commit that this life has shown. */
  commitSeen: Index = 0;
  isPaused = false;
  /** The process dies when so many more effects have been carried out; negative: not planned. */
  effectsToCrash = -1;
  crashes = 0;
  onCrash:
    | ((node: SimNode, lost: 'nothing' | 'part' | 'all' | null, wasLeader: boolean, wasBetween: boolean) => void)
    | undefined;
  onFatal: ((node: SimNode) => void) | undefined;
  #life = 0;
  #storages = 1;
  #inbox: (() => void)[] = [];
  #restores: { readonly snapshot: SnapshotMeta; readonly write: number }[] = [];
  readonly #proposals: PendingProposals;
  readonly #snapshots: OwnSnapshots;
  readonly #reads: PendingReads;
  #isFailureHandled = true;
  readonly #components: SimNodeComponents;

  constructor(init: SimNodeInit, components: SimNodeComponents) {
    this.name = init.name;
    this.init = init;
    this.#components = components;
    this.#proposals = new PendingProposals(components.record);
    this.#snapshots = new OwnSnapshots(components.record, components.random.fork('snapshots').uint32());
    this.#reads = new PendingReads(components.record);
    this.member = memberId(init.name, 's1');
    this.settings = { ...init.settings, self: this.member };
    this.disk = this.#newDisk();
  }

  get isUp(): boolean {
    return this.core !== null;
  }

  get isLeader(): boolean {
    return this.core?.isLeader ?? false;
  }

  /** The newest configuration that it knows of, also while it is down. */
  get lastConfiguration(): PlacedConfiguration {
    if (this.core !== null) return this.core.configuration;
    const { configurations, snapshot } = this.disk.load();
    const newest = configurations.at(-1);
    if (newest !== undefined && newest.index > (snapshot?.configurationIndex ?? 0)) return newest;
    if (snapshot === null) return { index: 0, configuration: emptyConfiguration };
    return { index: snapshot.configurationIndex, configuration: snapshot.configuration };
  }

  get proposalBytesMax(): number {
    return this.init.proposalBytesMax;
  }

  start(): void {
    if (this.core !== null) return;
    const { random, record, trace } = this.#components;
    this.#life += 1;
    this.#snapshots.forget();
    this.core = new RaftCore(this.settings, this.disk.load(), { random: random.fork(`life ${this.#life}`), trace });
    this.machine = new Machine();
    const { snapshot } = this.disk.view;
    if (snapshot !== null) {
      this.machine.restore(snapshot.data);
      record.restored(this, this.machine, snapshot.meta);
    }
    // A commit hint that came back from disk was checked when it was first made.
    this.commitSeen = this.core.commitIndex;
    this.#tellStart(this.core.status);
    record.started(this);
    this.#tick(this.#life);
  }

  /** The process dies, at once. */
  crash(wasBetween = false): void {
    if (this.core === null) return;
    const wasLeader = this.core.isLeader;
    this.#tell('crash', wasBetween ? 'between two effects of one step' : 'its process died');
    this.#life += 1;
    this.core = null;
    this.crashes += 1;
    this.isPaused = false;
    this.effectsToCrash = -1;
    this.#isFailureHandled = true;
    this.#inbox = [];
    this.#restores = [];
    const lost = this.disk.crash();
    this.#proposals.end();
    this.#reads.end();
    this.onCrash?.(this, lost, wasLeader, wasBetween);
  }

  /** The disk is replaced by an empty one: the node comes back as another member. */
  wipe(): void {
    this.crash();
    this.#storages += 1;
    this.member = memberId(this.name, `s${this.#storages}`);
    this.settings = { ...this.init.settings, self: this.member };
    this.disk = this.#newDisk();
  }

  pause(): void {
    if (this.core === null || this.isPaused) return;
    this.isPaused = true;
    this.#tell('pause', 'its process was stopped');
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#tell('resume', 'its process goes on');
    for (const run of this.#inbox.splice(0)) run();
  }

  receive(message: Message): void {
    this.#input({ kind: 'message', message });
  }

  /** Proposes one payload here; `settle` is called exactly once, with what is known of it. */
  propose(sent: Sent, data: Uint8Array, settle: (outcome: Outcome) => void): void {
    if (this.core === null) {
      settle({ kind: 'not-applied', reason: 'down' });
      return;
    }
    this.#input({ kind: 'propose', data: [data] }, (effects) => {
      if (effects === null) settle({ kind: 'unknown' });
      for (const effect of effects ?? []) {
        if (effect.kind === 'refused') settle({ kind: 'not-applied', reason: effect.reason });
        else if (effect.kind === 'appended') {
          this.#proposals.add({ index: effect.first, term: effect.term, sent, settle });
        }
      }
    });
  }

  /** A linearizable read here: settles with an index that was applied, or null. */
  read(settle: (index: Index | null) => void): void {
    if (this.core === null) {
      settle(null);
      return;
    }
    this.#input({ kind: 'read', token: this.#reads.open(settle) });
  }

  /** Any other input; `then` gets what the core made of it, or null where the process died first. */
  command(input: Input, then?: (effects: readonly Effect[] | null) => void): void {
    this.#input(input, then);
  }

  entryAt(index: Index): Entry | undefined {
    return this.core?.cached(index, index)[0] ?? this.disk.entryAt(index);
  }

  #tellStart({ vote, firstIndex, durableIndex, configuration: { configuration } }: CoreStatus): void {
    const cause = this.#life === 1 ? 'for the first time' : 'again';
    this.#tell('start', cause, { vote, logStart: firstIndex - 1, durable: durableIndex, ...configuration });
  }

  /** What happens to this process, which it cannot tell itself. */
  #tell(event: WorldKind, cause: string, fields: object = {}): void {
    const { events, trace } = this.#components;
    if (trace === undefined) return;
    const { term, lastIndex, commitIndex } = this.core!.status;
    const { member: node } = this;
    trace({ v: 1, atMs: events.nowMs, node, term, index: lastIndex, commit: commitIndex, event, cause, ...fields });
  }

  #newDisk(): SimDisk {
    const { events, random } = this.#components;
    const disk = new SimDisk(this.init.disk, { events, random: random.fork(`disk ${this.#storages}`) });
    disk.onFailure = (from, isFatal) => {
      this.#isFailureHandled = false;
      this.#now(() => {
        if (this.#isFailureHandled) return;
        this.#isFailureHandled = true;
        disk.acknowledgeFailure();
        this.#step({ kind: 'write-failed', from, isFatal });
        if (this.core?.status.isHalted === true) {
          check('a full disk ends nobody', isFatal, `${this.member} ended when write ${from} found no room`);
          this.crash();
          this.onFatal?.(this);
        }
      });
    };
    return disk;
  }

  #tick(life: number): void {
    if (life !== this.#life) return;
    // A stopped process's timer fires once when it goes on, not once for every tick it missed.
    if (!this.isPaused) this.#step({ kind: 'tick' });
    this.#components.events.after(this.init.tickMs, () => this.#tick(life));
  }

  /** Now, or when the process is resumed; never in another life. */
  #now(run: () => void): void {
    const life = this.#life;
    if (this.isPaused) this.#inbox.push(() => void (life === this.#life && run()));
    else run();
  }

  #input(input: Input, then?: (effects: readonly Effect[] | null) => void): void {
    if (this.core === null) return;
    if (this.isPaused) this.#inbox.push(() => this.#input(input, then));
    else this.#step(input, then);
  }

  #step(input: Input, then?: (effects: readonly Effect[] | null) => void): void {
    const { core } = this;
    if (core === null) {
      then?.(null);
      return;
    }
    const { events, record, onStep } = this.#components;
    const effects = core.step(input, events.nowMs);
    if (effects.length === 0 && then === undefined && !observed.has(input.kind)) return;
    record.stepped(this, input, effects);
    onStep?.(this, input, effects);
    then?.(effects);
    const life = this.#life;
    for (const effect of effects) {
      if (this.effectsToCrash === 0) this.crash(true);
      if (life !== this.#life) return;
      if (this.effectsToCrash > 0) this.effectsToCrash -= 1;
      this.#carryOut(effect);
    }
    record.settled(this);
    this.#apply();
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'persist':
        this.disk.submit({ kind: 'persist', effect, done: this.#whenSynced(effect.write, effect.thenSend) });
        break;
      case 'send':
        // The types keep durable messages out of here; a core that was changed to send one anyway is held to its word.
        if (isDurable(effect.message)) this.#components.record.said(this, effect.message);
        this.#components.record.sends(this, effect.message);
        this.#components.send(this.name, effect.message);
        break;
      case 'commit':
        this.#proposals.settle(this.core!);
        break;
      case 'read':
        this.#answerLater(
          () => this.disk.read(effect.first, effect.last, effect.bytesMax),
          ({ entries, unreadable }) => {
            if (unreadable.length > 0) this.#input({ kind: 'read-failed', read: effect.read, unreadable });
            else this.#input({ kind: 'read-done', read: effect.read, entries });
          },
        );
        break;
      case 'read-snapshot':
        this.#answerLater(
          () => this.disk.readSnapshot(effect.snapshot.id, effect.offset, effect.bytesMax),
          (part) => this.#input({ kind: 'snapshot-read', read: effect.read, ...part }),
        );
        break;
      case 'stage-chunk': {
        const { write, snapshot: meta, offset, data } = effect;
        const done = this.#whenSynced(write, []);
        this.disk.submit({ kind: 'stage', write, meta, offset, data, done });
        break;
      }
      case 'restore':
        this.#restores.push({ snapshot: effect.snapshot, write: effect.write });
        break;
      case 'read-ready':
        this.#reads.ready(effect.token, effect.index);
        break;
      case 'read-refused':
        this.#reads.refused(effect.token);
        break;
      default:
    }
  }

  /** Reads now, or when the answer is due: much may be written, cut and forgotten between the two. */
  #answerLater<Found>(read: () => Found, answer: (found: Found) => void): void {
    const { events, random } = this.#components;
    const early = random.chance(0.5) ? { found: read() } : null;
    const life = this.#life;
    const delayMs = random.below(random.chance(0.1) ? this.disk.quality.readMsMax * 1000 : 1000) / 1000;
    events.after(delayMs, () => {
      if (life === this.#life) answer((early ?? { found: read() }).found);
    });
  }

  #whenSynced(write: number, thenSend: readonly DurableMessage[]): () => void {
    const life = this.#life;
    return () => {
      if (life !== this.#life) return;
      this.#now(() => {
        const { record, send } = this.#components;
        for (const message of thenSend) {
          record.said(this, message);
          send(this.name, message);
        }
        const installed = this.#restores.filter((restore) => restore.write <= write).at(-1);
        this.#restores = this.#restores.filter((restore) => restore.write > write);
        if (installed !== undefined) this.#restore(installed.snapshot);
        if (this.effectsToCrash === 0) this.crash(true);
        this.#step({ kind: 'persisted', write });
      });
    };
  }

  #restore(snapshot: SnapshotMeta): void {
    const stored = this.disk.view.snapshot;
    if (stored === null || stored.meta.id !== snapshot.id || snapshot.index <= this.machine.index) return;
    this.machine.restore(stored.data);
    this.#components.record.restored(this, this.machine, stored.meta);
  }

  /** Committed and durable here: that much is applied. */
  #apply(): void {
    const { core } = this;
    if (core === null || this.#restores.length > 0) return;
    const upTo = Math.min(core.commitIndex, core.durableIndex);
    while (this.machine.index < upTo) {
      const index = this.machine.index + 1;
      if (this.disk.rotten.has(index) && core.cached(index, index).length === 0) {
        if (core.status.unreadable === 0) this.#input({ kind: 'unreadable', indexes: [index] });
        return;
      }
      const entry = this.entryAt(index);
      if (entry === undefined) return;
      this.#components.record.applied(this, entry);
      if (entry.type === 'data') this.machine.apply(index, entry.data);
      else this.machine.skip(index);
    }
    const life = this.#life;
    this.#snapshots.maybeTake(this, life, (snapshot, upTo) => {
      if (life === this.#life) this.#now(() => this.#step({ kind: 'compacted', snapshot, upTo }));
    });
  }
}

/** What changes a core, or asks it something, though it may answer with nothing. */
const observed: ReadonlySet<Input['kind']> = new Set(['read', 'compacted', 'unreadable', 'read-failed', 'persisted']);

function isDurable(message: Message): message is DurableMessage {
  return message.kind === 'append-accepted' || message.kind === 'vote-granted' || message.kind === 'request-vote';
}
