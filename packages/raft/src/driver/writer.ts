import type { DurableMessage, WriteNumber } from '../core/index.js';
import { NoSpaceError, RaftError } from './errors.js';
import type { RaftStorage, StorageOperation } from './storage.js';

interface Queued {
  readonly operation: StorageOperation;
  /** 0 for operations that the core does not number. */
  readonly write: WriteNumber;
  readonly thenSend: readonly DurableMessage[];
  /** Told when it is on disk (null), or why it never will be. */
  readonly done: ((error: unknown) => void) | undefined;
}

export interface WriterEvents {
  send(message: DurableMessage): void;
  persisted(write: WriteNumber): void;
  /** @param from the first numbered write that failed, or null when none of those did */
  failed(from: WriteNumber | null, error: unknown): void;
}

/**
 * One group of writes is synced at a time, and the next gathers meanwhile: under load, many writes share one sync. Messages
 * that wait for a write leave when its group is on disk.
 */
export class Writer {
  readonly #storage: RaftStorage;
  readonly #events: WriterEvents;
  #queue: Queued[] = [];
  #isWriting = false;
  #isStopped = false;
  #idle: (() => void)[] = [];

  constructor(storage: RaftStorage, events: WriterEvents) {
    this.#storage = storage;
    this.#events = events;
  }

  add(
    operation: StorageOperation,
    write: WriteNumber,
    thenSend: readonly DurableMessage[],
    done?: (error: unknown) => void,
  ): void {
    this.#queue.push({ operation, write, thenSend, done });
    if (!this.#isWriting) void this.#run();
  }

  /** Takes no more, and resolves when what is under way has ended; what has only gathered is dropped. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#isWriting) await new Promise<void>((resolve) => this.#idle.push(resolve));
    for (const { done } of this.#queue.splice(0))
      done?.(new RaftError('ERR_RAFT_STOPPED', 'stopped before it was written'));
  }

  async #run(): Promise<void> {
    this.#isWriting = true;
    while (this.#queue.length > 0 && !this.#isStopped) {
      const group = this.#queue;
      this.#queue = [];
      let done = group.length;
      let error: unknown = null;
      // Only messages that wait: what they speak of is on disk already, since everything before them is.
      const operations = group.filter(hasWork).map((queued) => queued.operation);
      try {
        if (operations.length > 0) await this.#storage.write(operations);
      } catch (thrown) {
        error = judged(thrown, operations);
        done = error instanceof NoSpaceError ? placeOf(group, error.done) : 0;
      }
      this.#complete(group.slice(0, done));
      if (error !== null) this.#fail(group.slice(done), error);
    }
    this.#isWriting = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #complete(group: readonly Queued[]): void {
    let last = 0;
    for (const { write, thenSend, done } of group) {
      if (!this.#isStopped) for (const message of thenSend) this.#events.send(message);
      last = Math.max(last, write);
      done?.(null);
    }
    if (last > 0 && !this.#isStopped) this.#events.persisted(last);
  }

  #fail(failed: readonly Queued[], error: unknown): void {
    const [first, ...rest] = failed;
    if (error instanceof NoSpaceError && first?.operation.kind === 'save-snapshot') {
      // Nothing that was said or will be said depends on it: what came behind it is written without it.
      this.#queue = [...rest, ...this.#queue];
      first.done?.(error);
      return;
    }
    const dropped = [...failed, ...this.#queue];
    this.#queue = [];
    for (const { done } of dropped) done?.(error);
    this.#events.failed(dropped.find((queued) => queued.write > 0)?.write ?? null, error);
  }
}

function hasWork({ operation }: Queued): boolean {
  if (operation.kind !== 'persist') return true;
  const { hardState, install, truncateFrom, entries, repairs } = operation;
  const isHead = hardState !== undefined || install !== undefined || truncateFrom !== undefined;
  return isHead || entries.length > 0 || repairs.length > 0;
}

/** What the storage threw; where it broke its contract, an error that says so: such a disk cannot be trusted. */
function judged(thrown: unknown, operations: readonly StorageOperation[]): unknown {
  if (!(thrown instanceof NoSpaceError)) return thrown;
  const failed = operations[thrown.done];
  if (failed === undefined) {
    const claim = `a write of ${operations.length} operations cannot have found no room for operation ${thrown.done}`;
    return new RaftError('ERR_RAFT_STORAGE', claim, { cause: thrown });
  }
  if (!mustFit(failed)) return thrown;
  // Tried again, it would fail again, without end.
  const promise = 'hard states, cuts and installs must fit on a full disk: the storage has to keep a reserve for them';
  return new RaftError('ERR_RAFT_STORAGE', promise, { cause: thrown });
}

function mustFit(operation: StorageOperation): boolean {
  if (operation.kind !== 'persist') return false;
  return operation.entries.length === 0 && operation.repairs.length === 0;
}

/** The place in the group of the storage's operation `done`: those without work were not given to it. */
function placeOf(group: readonly Queued[], done: number): number {
  let given = 0;
  for (let at = 0; at < group.length; at++) {
    if (!hasWork(group[at]!)) continue;
    if (given === done) return at;
    given += 1;
  }
  return group.length;
}
