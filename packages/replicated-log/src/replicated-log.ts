import { Buffer } from 'node:buffer';
import { Watermark } from '@commitlog/log';
import {
  type GroupInit,
  type MemberId,
  memberId,
  type Problem,
  type RaftGroup,
  type RaftHost,
  type Role,
  type Term,
  type TraceSink,
} from '@commitlog/raft';
import { appendTimeOf, type RecordView } from '@commitlog/record';
import type { Clock, Files, Random } from '@commitlog/runtime';
import { Administration, type LogDescription } from './administration.js';
import { Appender } from './appender.js';
import type { Batches } from './data-runs.js';
import { closed, failed, ReplicatedLogError } from './errors.js';
import type { AppendResult } from './in-flight.js';
import { logMachine } from './log-machine.js';
import { LogStorage, type LogStorageSettings } from './log-storage.js';
import type { ProducerOwner } from './producer-table.js';
import { Reader, type ReadOptions } from './reader.js';
import { Retention, type RetentionSettings } from './retention.js';
import { Scrub, type ScrubProblem, type ScrubProgress, type ScrubSettings } from './scrub.js';

/** What can be chosen of a member of a replicated log. All but `retention`, `scrub` and `pendingBytesMax` should be the same on each, but for `dir`, `node` and `storageId`. */
export interface ReplicatedLogSettings extends LogStorageSettings {
  /** The Raft group's id: which log this is, among those of one host. */
  readonly id: string;
  /** The node's id. Its member's is this, `@`, and the storage id. */
  readonly node: string;
  /** What is kept; everything, unless told. */
  readonly retention?: RetentionSettings;
  /** Looks for damage that nobody has met yet; nobody looks, unless told. */
  readonly scrub?: ScrubSettings;
  /** The most bytes of appends that wait or are in flight on a leader; more are refused. 32 MiB unless told; below Raft's `uncommittedBytesMax`. */
  readonly pendingBytesMax?: number;
  /** Raft's own settings. */
  readonly raft?: Omit<Partial<GroupInit>, 'self' | 'trailing' | 'snapshotEvery'>;
}

export interface ReplicatedLogComponents {
  /** Carries the group's messages, and tells it the time. */
  readonly host: RaftHost;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  /** Role, term or leader changed. */
  readonly onRole?: (role: Role, term: Term, leader: MemberId | null, cause: string) => void;
  /** This member has stopped for good: its disk or the protocol failed it. The process should end. */
  readonly onFailed?: (error: unknown) => void;
  /** Something went wrong that stops nothing: to be logged and counted. */
  readonly onProblem?: (problem: Problem | ScrubProblem) => void;
  /** Told of every event of Raft from the first one on; `member.watch` begins later, and ends. */
  readonly trace?: TraceSink;
}

/** The member, but for what only the log itself may do with it. */
export type Member = Pick<
  RaftGroup,
  'id' | 'self' | 'state' | 'status' | 'isLeader' | 'leader' | 'appliedIndex' | 'changeMembers' | 'transfer' | 'watch'
>;

export interface AppendOptions {
  /** The offset that the first record is to get: otherwise nothing is appended. A batch that was appended before is answered all the same. */
  readonly expectedOffset?: number;
  /** Who appends: the subject that the batch's producer was opened for. Empty unless told. */
  readonly subject?: string;
  /** Gives up waiting. A batch that was on its way by then may still be appended. */
  readonly signal?: AbortSignal;
}

export interface OpenProducerOptions {
  /** Who opens it: nobody else may append with it. At most 255 bytes of UTF-8. Empty unless told. */
  readonly subject?: string;
  /** Opened again under the same name, it has the same id and a higher epoch, and who had it before is fenced. At most 255 bytes of UTF-8. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** What a producer stamps on its batches (`encodeBatch`), with sequence numbers that count its records from 0. */
export interface OpenedProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

const pendingBytesMaxDefault = 32 * 1024 * 1024;
const ownerBytesMax = 255;
/** The most unreadable batches that are reported at once: whoever reads next finds the rest. */
const reportedMax = 1024;

/** One member of one log that a quorum agrees on: what it acknowledges is on the disks of a quorum, once, and in the same place on all. */
export class ReplicatedLog {
  readonly #storage: LogStorage;
  readonly #host: RaftHost;
  readonly #group: RaftGroup;
  readonly #appender: Appender;
  readonly #reader: Reader;
  readonly #administration: Administration;
  readonly #retention: Retention;
  readonly #scrub: Scrub;
  readonly #committed: Watermark;
  #closing: Promise<void> | undefined;

  private constructor(
    storage: LogStorage,
    group: RaftGroup,
    settings: ReplicatedLogSettings,
    { host, clock, onProblem = () => {} }: ReplicatedLogComponents,
  ) {
    const { log, state, format } = storage;
    const { pendingBytesMax = pendingBytesMaxDefault, retention = {}, scrub = { bytesPerSecond: 0 } } = settings;
    const reportDamage = (): boolean => {
      const unreadable = storage.unreadable(reportedMax);
      group.reportUnreadable(unreadable);
      return unreadable.length < reportedMax;
    };
    this.#storage = storage;
    this.#host = host;
    this.#group = group;
    this.#committed = new Watermark(state.applied.index);
    this.#appender = new Appender({ group, format, state, pendingBytesMax });
    this.#reader = new Reader({ log, state, group, committed: this.#committed, reportDamage });
    this.#administration = new Administration({ log, state, group, appender: this.#appender });
    const trim = this.#appender.trim.bind(this.#appender);
    this.#scrub = new Scrub(scrub, { log, state, group, clock, reportDamage, onProblem });
    this.#retention = new Retention(retention, { log, state, group, clock, trim, onProblem });
    this.#scrub.start();
  }

  /**
   * Opens this node's member: its disk, and its part in the group. It takes part once the host is started.
   *
   * @throws LogError, RaftError, TypeError as `LogStorage.open` and `RaftHost.open` do
   */
  static async open(settings: ReplicatedLogSettings, components: ReplicatedLogComponents): Promise<ReplicatedLog> {
    const { id, node, retention: _retention, scrub: _scrub, pendingBytesMax: _pending, raft, ...ofStorage } = settings;
    const { host, random, onRole, onFailed, onProblem, trace } = components;
    const storage = await LogStorage.open(ofStorage, components);
    let opened: ReplicatedLog | undefined;
    let group: RaftGroup | undefined;
    try {
      group = await host.open(
        id,
        { ...raft, self: memberId(node, storage.storageId), trailing: 0 },
        {
          storage,
          format: storage.format,
          machine: logMachine(storage, () => {
            if (opened !== undefined) opened.#applied();
          }),
          random,
          onRole: (role, term, leader, cause) => {
            if (opened !== undefined) opened.#appender.onRole(role, term, leader);
            onRole?.(role, term, leader, cause);
          },
          onFailed: (error) => {
            if (opened !== undefined) opened.#failed(error);
            onFailed?.(error);
          },
          ...(onProblem && { onProblem }),
          ...(trace && { trace }),
        },
      );
      opened = new ReplicatedLog(storage, group, settings, components);
      // What came between the opening of the group and now.
      opened.#applied();
      return opened;
    } catch (error) {
      if (group !== undefined) await host.close(id);
      await storage.close();
      throw error;
    }
  }

  /** This member, and what it knows of the others. */
  get member(): Member {
    return this.#group;
  }

  /** The offset of the first record that is served. */
  get firstOffset(): number {
    return this.#storage.state.start.nextOffset;
  }

  /** The offset behind the last record that this member knows to be committed. */
  get endOffset(): number {
    return this.#storage.state.applied.nextOffset;
  }

  /** What the log's users have agreed on, as far as this member knows; empty before they have. */
  get metadata(): string {
    return this.#storage.state.metadata;
  }

  /** What the search for damage has looked at, since this was opened. */
  get scrubbed(): ScrubProgress {
    return this.#scrub.progress;
  }

  /** What this member has of the log, in numbers. */
  describe(): LogDescription {
    return this.#administration.describe();
  }

  /**
   * When the first batch that is served was appended, in ms since 1970. Reads that batch.
   *
   * @returns `undefined` where there is no record, or that batch cannot be read just now
   * @throws ReplicatedLogError `closed`, `failed`
   */
  async firstAppendTimeMs(): Promise<number | undefined> {
    if (this.firstOffset === this.endOffset) return undefined;
    try {
      for await (const { bytes } of this.read({ from: 'start', maxBytes: 1 })) return appendTimeOf(bytes);
    } catch (error) {
      // It is being fetched; or trimmed, and another is the first by now.
      const isPassing = error instanceof ReplicatedLogError && ['damaged', 'out-of-range'].includes(error.code);
      if (!isPassing) throw error;
    }
    return undefined;
  }

  /**
   * Waits until everything that was committed when this was called is applied here.
   *
   * @throws ReplicatedLogError `unconfirmed` where no leader says how far that is
   */
  confirm(): Promise<void> {
    return this.#administration.confirm();
  }

  /**
   * Changes what the log's users have agreed on: text that is committed like any batch, the same on all members, and kept when the log is
   * trimmed. Only the leader does. Changes come one after the other.
   *
   * @param change given what it is, returns what it is to be: at most 65,536 bytes of UTF-8. Called on the leader alone
   * @throws ReplicatedLogError as `append` does; `invalid` for what is no such text; and whatever `change` throws. With `unknown` it may be changed, or not
   */
  changeMetadata(change: (current: string) => string): Promise<void> {
    return this.#administration.changeMetadata(change);
  }

  /**
   * Moves the log's logical start: no member serves what is before it any more. Only the leader does.
   *
   * @param beforeOffset the new start, up to the log's end. Below the start that there is, nothing happens
   * @returns the start as it is then: the first record of the batch that `beforeOffset` is in, since a batch is kept whole
   * @throws ReplicatedLogError as `append` does; `out-of-range` behind the end, `invalid`
   */
  trim(beforeOffset: number): Promise<number> {
    return this.#administration.trim(beforeOffset);
  }

  /**
   * Appends a batch, once: a batch of a producer that is in the log already is answered with its place there. Only the leader appends.
   * Has no time limit of its own: a leader that reaches no quorum cannot know what becomes of it. Give a signal.
   *
   * @param batch as `encodeBatch` made it. It is stamped in place, and the log's from now on, unless the error says that nothing was appended
   * @returns where it is, once a quorum has it on disk
   * @throws BatchError when it is no such batch: nothing was appended
   * @throws ReplicatedLogError see its codes, each of which says whether something was appended; or the signal's reason, and nothing was
   */
  async append(batch: Buffer, { expectedOffset, subject = '', signal }: AppendOptions = {}): Promise<AppendResult> {
    if (!Buffer.isBuffer(batch))
      throw new ReplicatedLogError('invalid', 'expected a batch in a Buffer: make one with encodeBatch');
    if (expectedOffset !== undefined && !(Number.isSafeInteger(expectedOffset) && expectedOffset >= 0)) {
      throw new ReplicatedLogError(
        'invalid',
        `expectedOffset: expected a whole number from 0 up, got ${expectedOffset}`,
      );
    }
    const { offset, term, time, isDuplicate } = await this.#appender.append({ batch, subject, expectedOffset }, signal);
    return { offset, term, time, isDuplicate };
  }

  /**
   * Opens a producer, whose batches are appended once however often they are sent: up to 64 of them may be in flight. The 100,000 last seen
   * are remembered.
   *
   * @throws ReplicatedLogError as `append` does; one that is opened again for nothing does no harm
   */
  async openProducer({ subject = '', name = '', signal }: OpenProducerOptions = {}): Promise<OpenedProducer> {
    const owner: ProducerOwner = { subject, name };
    for (const [field, value] of Object.entries(owner)) requireShort(field, value);
    const { id, epoch } = await this.#appender.open(owner, signal);
    return { producerId: id, producerEpoch: epoch };
  }

  /**
   * Reads what is committed, here, whoever leads: batches as they are stored. A reader at the end is woken by what is committed, and one that is
   * slow holds two reads in memory.
   *
   * @throws ReplicatedLogError `out-of-range`, also when retention overtakes the reader; `unconfirmed`, `damaged`, `invalid`, `closed`, `failed`
   */
  read(options: ReadOptions): AsyncGenerator<Batches, void, undefined> {
    return this.#reader.batches(options);
  }

  /** Reads record by record, from exactly where was asked for. The views are into what was read: copy what is to outlive the next. */
  records(options: ReadOptions): AsyncGenerator<RecordView, void, undefined> {
    return this.#reader.records(options);
  }

  /** Answers everybody, and frees the directory. A leader should hand over before: `member.transfer`. A second call does nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #applied(): void {
    this.#appender.onApplied();
    this.#committed.set(this.#storage.state.applied.index);
    this.#retention.drop();
  }

  #failed(cause: unknown): void {
    this.#end(failed(cause));
  }

  #end(error: ReplicatedLogError): void {
    this.#retention.stop();
    void this.#scrub.stop();
    this.#appender.end(error);
    this.#reader.end(error);
  }

  async #close(): Promise<void> {
    this.#end(closed());
    await this.#host.close(this.#group.id);
    await this.#scrub.stop();
    await this.#storage.close();
  }
}

function requireShort(field: string, value: unknown): void {
  const isShort = typeof value === 'string' && Buffer.byteLength(value) <= ownerBytesMax && !value.includes('\0');
  if (isShort) return;
  throw new ReplicatedLogError(
    'invalid',
    `${field} of a producer: expected at most ${ownerBytesMax} bytes of text without NUL, got ${JSON.stringify(value)?.slice(0, 300)}`,
  );
}
