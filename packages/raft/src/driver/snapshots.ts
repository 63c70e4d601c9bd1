import { types } from 'node:util';
import type { Random } from '@commitlog/runtime';
import type { Effect, Index, Input, MemberId, RaftCore, SnapshotMeta } from '../core/index.js';
import type { Applier } from './applier.js';
import { RaftError, UnreadableError } from './errors.js';
import type { MachineSnapshot, StateMachine } from './machine.js';
import type { RaftStorage } from './storage.js';
import type { Writer } from './writer.js';

/**
 * While another member is sent a snapshot, a newer one would take its place, and the transfer start over: for ever, where they come
 * faster than they travel. So it is put off until so many times the usual number of entries have been applied, and no longer, or
 * the log would grow without bound.
 */
const putOffFactor = 10;

export interface SnapshotsInit {
  readonly self: MemberId;
  /** Entries between two automatic ones; 0 for none. */
  readonly every: number;
  /** Entries that stay in the log below one. */
  readonly trailing: number;
}

export interface SnapshotsComponents {
  readonly core: RaftCore;
  readonly applier: Applier;
  readonly writer: Writer;
  readonly storage: RaftStorage;
  readonly machine: StateMachine;
  readonly random: Random;
  readonly events: {
    /** It is on disk, and the log may forget everything up to `logStart`. */
    written(snapshot: SnapshotMeta, logStart: Index): void;
    /** An automatic one failed. */
    failed(error: unknown): void;
    /** The one on disk cannot be read; another takes its place. */
    unreadable(error: unknown): void;
  };
}

interface Taking {
  readonly promise: Promise<SnapshotMeta>;
  /** What it holds; null until the state machine has been asked. */
  index: Index | null;
}

/** Snapshots of this member's own state machine: taken one at a time, and read out in parts for other members. */
export class Snapshots {
  readonly #init: SnapshotsInit;
  readonly #with: SnapshotsComponents;
  /** The highest index at which one was tried. */
  #tried: Index;
  #taking: Taking | null = null;
  #next: Promise<SnapshotMeta> | null = null;
  /** Rejects the one that the state machine still encodes. */
  #abandon: ((error: RaftError) => void) | null = null;
  #ended: RaftError | null = null;

  constructor(init: SnapshotsInit, components: SnapshotsComponents) {
    this.#init = init;
    this.#with = components;
    this.#tried = components.core.snapshot?.index ?? 0;
  }

  /** Writes one that holds at least what has been applied by now. */
  take(): Promise<SnapshotMeta> {
    const { applied } = this.#with.applier;
    if (this.#taking === null) return this.#start();
    if (this.#taking.index === null || this.#taking.index >= applied) return this.#taking.promise;
    this.#next ??= this.#taking.promise
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.#start();
      });
    return this.#next;
  }

  /** More has been applied: one may be due. */
  maybeTake(): void {
    const { every } = this.#init;
    if (every === 0 || this.#with.machine.snapshot === undefined || this.#taking !== null) return;
    const since = this.#with.applier.applied - this.#tried;
    if (since < every || (since < putOffFactor * every && this.#with.core.isSendingSnapshot)) return;
    this.take().catch((error: unknown) => this.#automaticFailed(error));
  }

  /** Reads a part for another member; the answer is for the core. */
  async read({ read, snapshot, offset, bytesMax }: Extract<Effect, { kind: 'read-snapshot' }>): Promise<Input> {
    const { events, machine, storage } = this.#with;
    try {
      const part = await storage.readSnapshot(snapshot.id, offset, bytesMax);
      if (part === null) return { kind: 'snapshot-read', read, data: null, isLast: false };
      return { kind: 'snapshot-read', read, data: part.data, isLast: part.isLast };
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      // The state that it held is in the state machine. Until that is on disk, the core asks again with each heartbeat.
      if (this.#taking === null) {
        events.unreadable(error);
        if (machine.snapshot !== undefined) this.take().catch((failure: unknown) => this.#automaticFailed(failure));
      }
      return { kind: 'read-failed', read, unreadable: [] };
    }
  }

  /** Nothing more will be encoded. What is being written is told by its write. */
  end(error: RaftError): void {
    this.#ended = error;
    this.#abandon?.(error);
  }

  #automaticFailed(error: unknown): void {
    const isSuperseded = error instanceof RaftError && error.code === 'ERR_RAFT_SUPERSEDED';
    if (!isSuperseded && this.#ended === null) this.#with.events.failed(error);
  }

  #start(): Promise<SnapshotMeta> {
    // In a later turn: the state machine may answer at once, and `#taking` must be there by then.
    const promise = Promise.resolve()
      .then(() => this.#take())
      .finally(() => {
        this.#taking = null;
      });
    this.#taking = { promise, index: null };
    return promise;
  }

  async #take(): Promise<SnapshotMeta> {
    const { core, random, writer, events } = this.#with;
    const { index, data } = await this.#encode();
    if (this.#ended !== null) throw this.#ended;
    const term = core.termAt(index);
    if (term === undefined) {
      throw new RaftError('ERR_RAFT_SUPERSEDED', 'a newer snapshot came in before this one was written');
    }
    const placed = core.configurationAt(index);
    const snapshot: SnapshotMeta = {
      id: `${this.#init.self}.${index}.${random.uint32().toString(16)}`,
      index,
      term,
      configuration: placed.configuration,
      configurationIndex: placed.index,
    };
    const logStart = Math.max(core.status.firstIndex - 1, index - this.#init.trailing);
    return new Promise((resolve, reject) => {
      writer.add({ kind: 'save-snapshot', snapshot, data, logStart }, 0, [], (error) => {
        if (error !== null) {
          reject(error);
          return;
        }
        events.written(snapshot, logStart);
        resolve(snapshot);
      });
    });
  }

  /** The state after `index`, and no other: both are taken in one turn, though the bytes may come later. */
  #encode(): Promise<{ readonly index: Index; readonly data: Uint8Array }> {
    const { applier, machine } = this.#with;
    const encoded = new Promise<{ readonly index: Index; readonly data: Uint8Array }>((resolve, reject) => {
      if (this.#ended !== null) throw this.#ended;
      if (machine.snapshot === undefined) {
        throw new TypeError('this state machine cannot write snapshots: it has no snapshot()');
      }
      this.#abandon = reject;
      const ask = async (): Promise<void> => {
        const index = applier.applied;
        if (index === 0) {
          throw new RaftError('ERR_RAFT_NOTHING_APPLIED', 'nothing has been applied yet that a snapshot could hold');
        }
        if (this.#taking !== null) this.#taking.index = index;
        this.#tried = Math.max(this.#tried, index);
        resolve(checked(await machine.snapshot!(index), index));
      };
      applier.whenBetween(() => void ask().catch(reject));
    });
    return encoded.finally(() => {
      this.#abandon = null;
    });
  }
}

/** What the machine gave, as the state after an index. */
function checked(snapshot: MachineSnapshot, applied: Index): { readonly index: Index; readonly data: Uint8Array } {
  const { index, data } = types.isUint8Array(snapshot) ? { index: applied, data: snapshot } : snapshot;
  if (!types.isUint8Array(data)) throw new TypeError(`snapshot() must give a Uint8Array, got ${typeof data}`);
  if (Number.isSafeInteger(index) && index > 0 && index <= applied) return { index, data };
  throw new TypeError(`snapshot() must give the state after an index from 1 to ${applied}, got ${index}`);
}
