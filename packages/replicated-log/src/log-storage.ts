import type { Buffer } from 'node:buffer';
import { type Log, LogError, type LogPosition, type LogSettings, openLog } from '@commitlog/log';
import {
  type Entry,
  type Index,
  type MemberId,
  type Membership,
  NoSpaceError,
  RaftError,
  type RaftStorage,
  type SnapshotMeta,
  type StorageOperation,
  type StoredState,
  UnreadableError,
} from '@commitlog/raft';
import { batchBytesMaxDefault } from '@commitlog/record';
import type { Clock, Files } from '@commitlog/runtime';
import { Appends } from './appends.js';
import { BatchFormat } from './batch-format.js';
import { Configurations } from './configurations.js';
import { decodeState, encodeState } from './derived-state.js';
import { bufferOf, entriesOf, entryOf } from './entries.js';
import { foundingBatch } from './founding.js';
import { LogState } from './log-state.js';
import { Repairs } from './repairs.js';
import { Reserve } from './reserve.js';
import { newestState, stateAtStart } from './saved-state.js';
import { isNoSpace } from './side-file.js';
import { type Snapshot, SnapshotFile } from './snapshot-file.js';
import { StagedSnapshot } from './staged-snapshot.js';
import { termIn, termRuns } from './term-runs.js';

type Persist = Extract<StorageOperation, { kind: 'persist' }>;

/** What can be chosen of a member's disk; all but `dir` and `founders` are the log's own settings. */
export interface LogStorageSettings extends Omit<LogSettings, 'checkpoint'> {
  /** The member's directory: its own, nothing else may be in it. The log is in `log` below it. */
  readonly dir: string;
  /** The members of a new group, the same on each: the log's first entry, unless it has entries. Leave it out for a node that is to be added. */
  readonly founders?: Membership;
  /** How many producers are remembered, those last seen by the order of the log: the same on each member. 100,000 unless told. */
  readonly producersMax?: number;
}

export interface LogStorageComponents {
  readonly files: Files;
  readonly clock: Clock;
}

/**
 * The most bytes that go to disk in one write. Raft waits for a group as a whole, however many writes it takes, and each of those has a
 * sync: with batches as long as the log's own default, a leader under load fell behind its followers' disks until it refused appends.
 */
const groupBytesMax = 4 * 1024 * 1024;
/** The most unreadable entries that one failed read names. */
const namedMax = 1024;

/**
 * The disk of one member of a group whose log is a commit log. An entry's bytes are a record batch; they are appended to the segmented log
 * as they are, once, and are read there, by Raft and by everybody else. Nothing of an entry is kept in memory.
 *
 * It is made with the format that its entries are in, and both go to `RaftHost.open`: `{ storage, format: storage.format, … }`.
 */
export class LogStorage implements RaftStorage {
  /** The log. Everybody may read it, as far as the group has committed: `throughIndex`. Only Raft changes it, by way of this. */
  readonly log: Log;
  /** What this log's entries look like. */
  readonly format: BatchFormat;
  /** What is derived from its committed batches, by {@link logMachine}. Saved whenever a segment is sealed. */
  readonly state: LogState;
  readonly #configurations: Configurations;
  readonly #snapshot: SnapshotFile;
  readonly #repairs: Repairs;
  readonly #reserve: Reserve;
  readonly #staged: StagedSnapshot;
  readonly #batchBytesMax: number;

  private constructor(
    log: Log,
    format: BatchFormat,
    state: LogState,
    batchBytesMax: number,
    parts: {
      configurations: Configurations;
      snapshot: SnapshotFile;
      repairs: Repairs;
      reserve: Reserve;
      staged: StagedSnapshot;
    },
  ) {
    this.log = log;
    this.format = format;
    this.state = state;
    this.#batchBytesMax = batchBytesMax;
    this.#configurations = parts.configurations;
    this.#snapshot = parts.snapshot;
    this.#repairs = parts.repairs;
    this.#reserve = parts.reserve;
    this.#staged = parts.staged;
  }

  /**
   * Opens a member's directory, or makes one, and completes what a crash interrupted.
   *
   * @throws LogError as `openLog` does
   * @throws RaftError `ERR_RAFT_STORAGE` when damage hides terms or members: this replica must be rebuilt under a new storage id
   * @throws TypeError when the founders can be no cluster
   */
  static async open(settings: LogStorageSettings, { files, clock }: LogStorageComponents): Promise<LogStorage> {
    const { dir, founders, producersMax, ...ofLog } = settings;
    const { batchBytesMax = batchBytesMaxDefault } = settings;
    const first = founders === undefined ? undefined : foundingBatch(founders);
    const reserve = new Reserve(dir, files);
    const state = new LogState(producersMax);
    const logSettings = { groupBytesMax, ...ofLog, dir: `${dir}/log`, checkpoint: () => state.encode() };
    const log = await reserve.spend(() => openLog(logSettings, { files, clock }));
    try {
      const snapshot = await SnapshotFile.open(dir, files);
      const configurations = await Configurations.open(dir, files, log);
      if (snapshot.newest !== null) await replaceBy(snapshot.newest, log, configurations);
      const repairs = await Repairs.open(dir, files, log, await termRuns(log));
      const staged = new StagedSnapshot(dir, files);
      await staged.clear();
      await reserve.fill();
      const format = new BatchFormat({ batchBytesMax }, { clock, tail: () => log.tail });
      const storage = new LogStorage(log, format, state, batchBytesMax, {
        configurations,
        snapshot,
        repairs,
        reserve,
        staged,
      });
      await storage.#rederiveSnapshot();
      state.resume(await newestState(log, snapshot.newest?.data));
      if (first !== undefined && log.tail.index === 0) await storage.#found(first);
      return storage;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** The name of this disk, which its member has in its id. */
  get storageId(): string {
    return this.log.hardState.storageId;
  }

  /** The entries that are known to be damaged, and that nobody has sent yet: at most so many, the first ones. */
  unreadable(countMax: number): readonly Index[] {
    return this.#unreadable(this.log.start.index + 1, this.log.durable.index, countMax);
  }

  async load(): Promise<StoredState> {
    const { hardState, start, durable } = this.log;
    const runs = await termRuns(this.log);
    // Of a member that was here before: what it had in memory only is gone.
    await this.#staged.clear();
    this.format.replaced();
    // What was applied was committed: that is news beside the hard state, which is written for terms and votes only.
    const applied = this.state.applied.index;
    const commit = applied > this.#newestIndex ? Math.max(hardState.commitHint, applied) : hardState.commitHint;
    return {
      hardState: { term: hardState.term, vote: hardState.vote as MemberId | null, commit },
      snapshot: this.#snapshot.newest?.meta ?? null,
      start: { index: start.index, term: start.term },
      lastIndex: durable.index,
      terms: runs,
      configurations: this.#configurations.within(runs, durable.index),
      unreadable: this.#unreadable(start.index + 1, durable.index),
    };
  }

  /**
   * All entries between two changes of anything else are given to the log at once, and share its writes and syncs.
   *
   * @throws NoSpaceError when there is no room; cuts and hard states have a reserve
   * @throws LogError `fenced` after a failed sync, and whatever else the log refuses: this disk cannot be trusted any more
   */
  async write(operations: readonly StorageOperation[]): Promise<void> {
    const appends = new Appends(this.log, this.#reserve);
    try {
      for (const operation of operations) {
        if (!isAppend(operation)) {
          await appends.flush();
          await this.#change(operation);
        }
        const entries = operation.kind === 'persist' ? operation.entries : [];
        await this.#configurations.add(entries);
        appends.add(entries);
      }
      await appends.flush();
    } catch (error) {
      throw isNoSpace(error) ? new NoSpaceError(appends.done, { cause: error }) : error;
    }
  }

  async read(first: Index, last: Index, bytesMax: number): Promise<readonly Entry[]> {
    if (first <= this.log.start.index || first > this.log.durable.index) return [];
    try {
      const request = { from: { index: first }, maxBytes: Math.max(1, bytesMax), throughIndex: last };
      return entriesOf((await this.log.read(request)).bytes);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      // It was trimmed meanwhile.
      if (error.code === 'out-of-range') return [];
      if (error.damage === undefined) throw error;
      const fetched = this.#repairs.get(first);
      if (fetched !== undefined) return [entryOf(fetched)];
      const upTo = Math.min(last, error.damage.lastIndex, first + namedMax - 1);
      throw new UnreadableError(this.#unreadable(first, upTo), { cause: error });
    }
  }

  async readSnapshot(
    id: string,
    offset: number,
    bytesMax: number,
  ): Promise<{ readonly data: Uint8Array; readonly isLast: boolean } | null> {
    const { newest } = this.#snapshot;
    if (newest === null || newest.meta.id !== id) return null;
    const data = newest.data.subarray(offset, offset + bytesMax);
    return { data, isLast: offset + data.length >= newest.data.length };
  }

  hasSpace(): Promise<boolean> {
    return this.#reserve.hasRoom(this.#batchBytesMax);
  }

  /** Closes the log, and frees the directory. The member must have been stopped. */
  async close(): Promise<void> {
    await this.#staged.close();
    await this.#repairs.close();
    await this.log.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whatever an operation does but for appending. */
  async #change(operation: StorageOperation): Promise<void> {
    switch (operation.kind) {
      case 'persist':
        await this.#persist(operation);
        break;
      case 'stage-chunk':
        await this.#staged.add(operation.snapshot, operation.offset, operation.data);
        break;
      case 'save-snapshot':
        await this.#saveSnapshot({ meta: operation.snapshot, data: bufferOf(operation.data) }, operation.logStart);
    }
  }

  /**
   * A cut comes before the snapshot, unless that takes everything: a damaged batch at the cut would be in its way for nothing. Repairs come
   * before entries: where they find no room, none of this operation's entries is on disk.
   */
  async #persist({ hardState, install, truncateFrom, repairs }: Persist): Promise<void> {
    if (hardState !== undefined) {
      const { term, vote, commit: commitHint } = hardState;
      await this.log.saveHardState({ term, vote, commitHint, storageId: this.storageId });
    }
    if (truncateFrom !== undefined && !(await isReplacedBy(install, this.log))) await this.#cut(truncateFrom);
    if (install !== undefined) await this.#install(install);
    if (repairs.length > 0) await this.#repairs.add(repairs);
  }

  async #cut(from: Index): Promise<void> {
    await this.#reserve.spend(() => this.log.truncateAfter(from - 1));
    await this.#repairs.truncate(from);
  }

  /** The snapshot first: should the power go behind it, the next start does the rest. */
  async #install(meta: SnapshotMeta): Promise<void> {
    const snapshot = { meta, data: await this.#staged.take(meta.id) };
    const position = positionIn(snapshot);
    await this.#reserve.spend(async () => {
      if (meta.index >= this.#newestIndex) await this.#snapshot.save(snapshot);
      if (await replaceBy(snapshot, this.log, this.#configurations)) await this.#repairs.truncate(0);
      else if (meta.index > this.log.start.index) await this.#trim(position);
    });
  }

  async #saveSnapshot(snapshot: Snapshot, logStart: Index): Promise<void> {
    const position = positionIn(snapshot);
    if (position.index < this.#newestIndex) return;
    await this.#snapshot.save(snapshot);
    if (logStart <= this.log.start.index) return;
    await this.#trim(logStart === position.index ? position : await this.log.positionAt(logStart));
  }

  async #trim(position: LogPosition): Promise<void> {
    await this.log.trimBefore(position.index + 1, position);
    this.#configurations.compact(position.index);
  }

  /**
   * A log that does not begin at 0 needs a snapshot of what was before. Where that is lost, what stands in the manifest tells the same.
   *
   * @throws RaftError `ERR_RAFT_STORAGE` when the members as of there are lost, too
   */
  async #rederiveSnapshot(): Promise<void> {
    const { start } = this.log;
    if (start.index <= this.#newestIndex) return;
    const placed = this.#configurations.at(start.index);
    if (placed === undefined) {
      const message = `the snapshot of entry ${start.index} cannot be read, and the members as of there are not known. Nothing was changed. Rebuild this replica from its peers under a new storage id`;
      throw new RaftError('ERR_RAFT_STORAGE', message);
    }
    const { index, term } = start;
    const { configuration, index: configurationIndex } = placed;
    const meta = { id: `derived.${index}.${term}`, index, term, configuration, configurationIndex };
    await this.#snapshot.save({ meta, data: encodeState(await stateAtStart(this.log)) });
  }

  async #found(batch: Buffer): Promise<void> {
    const entry = entryOf(batch);
    await this.write([
      { kind: 'persist', entries: [entry], repairs: [] },
      { kind: 'persist', hardState: { term: entry.term, vote: null, commit: 0 }, entries: [], repairs: [] },
    ]);
  }

  get #newestIndex(): Index {
    return this.#snapshot.newest?.meta.index ?? 0;
  }

  /** The entries in a range that are damaged, and that nobody has sent yet. */
  #unreadable(first: Index, last: Index, countMax = Number.POSITIVE_INFINITY): Index[] {
    const found = new Set<Index>();
    for (const { firstIndex, lastIndex } of this.log.damage) {
      for (let index = Math.max(first, firstIndex); index <= Math.min(last, lastIndex); index += 1) {
        if (found.size === countMax) break;
        if (!this.#repairs.has(index)) found.add(index);
      }
    }
    return [...found].sort((one, other) => one - other);
  }
}

/** Whether an operation does nothing but append: then it can share a write with its neighbours. */
function isAppend(operation: StorageOperation): boolean {
  if (operation.kind !== 'persist' || operation.entries.length === 0) return false;
  const { hardState, install, truncateFrom, repairs } = operation;
  return hardState === undefined && install === undefined && truncateFrom === undefined && repairs.length === 0;
}

/**
 * Whether a snapshot takes the place of the whole log: it begins behind where the log does, and the log does not hold the entry that it
 * ends with. A log that holds it agrees with it up to there (the log matching property, §5.3).
 */
async function isReplacedBy(snapshot: SnapshotMeta | undefined, log: Log): Promise<boolean> {
  if (snapshot === undefined || snapshot.index <= log.start.index) return false;
  return termIn(await termRuns(log), log.durable.index, snapshot.index) !== snapshot.term;
}

/**
 * Puts a snapshot in the place of a log that it replaces: when it is installed, or at the start, if the power went while it was.
 *
 * @returns whether it does
 */
async function replaceBy(snapshot: Snapshot, log: Log, configurations: Configurations): Promise<boolean> {
  if (!(await isReplacedBy(snapshot.meta, log))) return false;
  await configurations.replace(snapshot.meta);
  await log.reset(positionIn(snapshot));
  return true;
}

/** @throws TypeError when the snapshot's bytes are not the state of a log that starts at its index and term */
function positionIn({ meta, data }: Snapshot): LogPosition {
  const { start: position } = decodeState(data);
  if (position.index === meta.index && position.term === meta.term) return position;
  throw new TypeError(
    `the snapshot of entry ${meta.index} of term ${meta.term} holds the state of a log that starts behind entry ${position.index} of term ${position.term}`,
  );
}
