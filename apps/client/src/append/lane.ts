import { ApiError } from '@commitlog/api';
import type { RecordInput } from '@commitlog/record';
import type { Clock, Random, Timer } from '@commitlog/runtime';
import { Backoff } from '../backoff.js';
import { CommitlogError } from '../errors.js';
import { aborted, closed, isPassing, refused, tooLate, unencodable } from '../failures.js';
import type { Appended } from '../record.js';
import { type Entry, PendingBatch } from './pending.js';
import { Queue } from './queue.js';
import { Signals } from './signals.js';

/** What the log knows a producer by, and how many of its batches may be unanswered. */
export interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly inFlightMax: number;
}

/** Where a batch is. */
export interface Place {
  readonly baseOffset: number;
  readonly term: number;
  readonly timeMs: number;
}

/** What a lane asks of the connection. Everything returns at once; answers come later, none of them during the call. */
export interface Wire {
  /** Opens the producer, under the same name each time; then calls {@link Lane.opened} or {@link Lane.openFailed}. */
  open(): void;
  /** Sends a batch to whoever leads, behind those sent before; then calls {@link Lane.answered}, in the order of the batches, or {@link Lane.broke}. */
  send(bytes: Buffer, expectedOffset: number | undefined): void;
  /** Forgets what it was asked for: nothing of it is answered any more. The next call goes to whoever leads by then. */
  reset(): void;
}

export interface LaneSettings {
  readonly deadlineMs: number;
  readonly pendingBytesMax: number;
  /**
   * `independent`: each append for itself, a producer of the lane's own that is opened again when need be. `stream`: what is in the log is what was given up to
   * some point; the first failure ends it.
   */
  readonly mode: 'independent' | 'stream';
  /** Somebody else may open the producer, so that opening it again would be taking it back: a failure ends it instead. */
  readonly isNamed: boolean;
}

export interface LaneComponents {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs what it is given when everything that runs by now has run, promises included: so appends of one turn travel together. */
  readonly defer: (work: () => void) => void;
  readonly observer?: LaneObserver;
}

/** Whoever wants to know. */
export interface LaneObserver {
  /** A batch is on its way, for the first time or again. */
  sent?(batch: PendingBatch): void;
  /** It is known what became of it; no error where it is in the log. */
  settled?(batch: PendingBatch, error: CommitlogError | undefined): void;
  /** Something went wrong that passes: it is tried again in so many ms at most. */
  retrying?(error: ApiError, delayMs: number): void;
}

/** Batches in flight at most, whatever the log allows: each is up to 1 MiB. */
const inFlightMax = 8;
/** Behind others that are on their way a batch is worth its message from here on; below, it gathers more. */
const concurrentBytesMin = 64 * 1024;
/** Appends that may wait until there is room. */
const outsideMax = 1_000_000;
/** News of another leader is a reason to try at once, so many times in a row: two servers may each name the other. */
const promptRetriesMax = 3;

interface Outside {
  readonly entry: Entry;
  readonly record: RecordInput;
  readonly expectedOffset: number | undefined;
}

/**
 * - `closed`: no producer is open.
 * - `opening`: one is being opened.
 * - `ready`: batches go out.
 * - `draining`: one was refused or the like; what is on its way is answered first.
 * - `waiting`: before the next try.
 * - `over`: nothing is sent any more.
 */
type Phase = 'closed' | 'opening' | 'ready' | 'draining' | 'waiting' | 'over';

/**
 * Appends of one producer, in order, each in the log once. A pure state machine but for its clock: what to send, what to send again, and what to tell whom.
 *
 * Batches are numbered in the order in which they are sent, so that the log takes each once and none before its predecessor. One that was sent and not answered may
 * be in the log, or on its way there: it is sent again, byte for byte, before anything newer is. When nobody waits for such a batch any more, or the log cannot say what
 * became of it, a new epoch is opened before anything newer is sent: what is not in the log by then is refused by it for ever. So nothing older lands behind
 * anything newer, and nothing twice.
 */
export class Lane {
  readonly #settings: LaneSettings;
  readonly #with: LaneComponents;
  /** Made, and beyond `pendingBytesMax`. */
  readonly #outside = new Queue<Outside>();
  /** Gathered, and not numbered. */
  #waiting: PendingBatch[] = [];
  /** Numbered and unsettled, in order. */
  #owed: PendingBatch[] = [];
  /** Those of them that are on the stream, unanswered. */
  #onStream: PendingBatch[] = [];
  #phase: Phase = 'closed';
  #identity: Identity | undefined;
  #nextSequence = 0;
  #pendingBytes = 0;
  #entriesOpen = 0;
  #isPumpDue = false;
  /** Whether a refusal that is being drained means that the producer is of no use any more, and the refusal. */
  #isAbandoning = false;
  #trouble: ApiError | undefined;
  readonly #backoff: Backoff;
  readonly #signals = new Signals((signal, entries) => this.#aborted(signal, entries));
  #deadlineTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  /** Whether the stream has answered anything: a refusal before that is one of the stream itself. */
  #hasAnswered = false;
  #end: CommitlogError | undefined;
  #watchers: (() => void)[] = [];

  constructor(settings: LaneSettings, components: LaneComponents) {
    this.#settings = settings;
    this.#with = components;
    this.#backoff = new Backoff(components.random);
  }

  /** In bytes: what was given and not settled, but for what waits for room. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Appends that are not settled. */
  get pending(): number {
    return this.#entriesOpen;
  }

  get hasRoom(): boolean {
    return this.#pendingBytes < this.#settings.pendingBytesMax && this.#outside.length === 0;
  }

  /** Why nothing is taken any more. */
  get end(): CommitlogError | undefined {
    return this.#end;
  }

  /** Appends a record behind all that were given before. The value's bytes must stay as they are until it settles. */
  append(record: RecordInput, expectedOffset?: number, signal?: AbortSignal): Promise<Appended> {
    const appended = new Promise<Appended>((resolve, reject) => {
      const refusal = this.#refusalOf(signal);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const sinceMs = this.#with.clock.monotonicMs();
      const entry: Entry = { resolve, reject, sinceMs, unlink: undefined, isOver: false, batch: undefined };
      this.#entriesOpen += 1;
      if (signal !== undefined) this.#signals.link(entry, signal);
      if (this.hasRoom) this.#admit(record, expectedOffset, entry);
      else this.#outside.push({ entry, record, expectedOffset });
      this.#armDeadline();
    });
    // Whoever does not wait is no reason to end the process.
    appended.catch(ignore);
    return appended;
  }

  /** Calls back, once, when an append has settled or the lane has ended. */
  onProgress(watcher: () => void): void {
    this.#watchers.push(watcher);
  }

  /** Takes no more. What was taken is settled as ever. */
  close(what: string): void {
    this.#end ??= closed(what, { outcome: 'not-applied' });
    this.#tellWatchers();
  }

  /** Ends everything: what was not sent is not applied, what was is unknown. */
  abandon(error: CommitlogError): void {
    this.#end ??= error;
    this.#rejectUnsent((outcome) => new CommitlogError(error.code, error.message, { outcome, cause: error.cause }));
    const owed = this.#owed.splice(0);
    this.#onStream = [];
    this.#phase = 'over';
    this.#retryTimer?.cancel();
    this.#reset();
    for (const batch of owed) {
      this.#reject(batch, new CommitlogError(error.code, error.message, { outcome: 'unknown', cause: error.cause }));
    }
    this.#afterSettling();
  }

  /** Something was to be appended and cannot be: of a stream, nothing goes in behind it. */
  failed(error: CommitlogError): void {
    this.#fail(error);
    this.#afterSettling();
  }

  /** The producer is open. */
  opened(identity: Identity): void {
    if (this.#phase !== 'opening') return;
    this.#identity = identity;
    this.#nextSequence = 0;
    this.#phase = 'ready';
    this.#pump();
  }

  /** The producer could not be opened. */
  openFailed(error: ApiError): void {
    if (this.#phase !== 'opening') return;
    this.#trouble = error;
    if (isPassing(error)) this.#retryLater();
    else {
      this.#phase = 'closed';
      const refusal = refused(error, 'not-applied');
      if (this.#settings.mode === 'stream') this.#fail(refusal);
      else this.#rejectUnsent(() => refusal);
    }
    this.#afterSettling();
  }

  /** The oldest batch on the stream is in the log, or was refused. */
  answered(answer: Place | ApiError): void {
    const batch = this.#onStream.shift();
    if (batch === undefined) return;
    this.#hasAnswered = true;
    if (answer instanceof ApiError) this.#refusedBy(answer, batch);
    else this.#applied(batch, answer);
    if (this.#phase === 'draining' && this.#onStream.length === 0) this.#drained();
    this.#afterSettling();
    this.#schedulePump();
  }

  /** The stream is no more: what it has not answered may be in the log, or not. */
  broke(error: ApiError): void {
    // Refused before it had taken anything: nothing has left.
    const isUntaken = error.retry === 'yes' && !this.#hasAnswered;
    this.#hasAnswered = false;
    if (this.#onStream.length === 0) return;
    if (!isUntaken) for (const batch of this.#onStream) batch.isMaybe = true;
    this.#onStream = [];
    this.#trouble = error;
    if (!isPassing(error)) this.#isAbandoning = true;
    this.#drained();
    this.#afterSettling();
  }

  /** Another leads, or is said to. */
  leaderChanged(): void {
    const isPrompt = this.#backoff.tries <= promptRetriesMax;
    switch (this.#phase) {
      case 'waiting':
        if (isPrompt) this.#retry();
        break;
      case 'opening':
        this.#reset();
        this.openFailed(moved());
        break;
      case 'ready':
      case 'draining':
        this.#reset();
        this.broke(moved());
        break;
      case 'closed':
      case 'over':
        break;
    }
  }

  /** What is asked for next goes over a stream of its own. */
  #reset(): void {
    this.#hasAnswered = false;
    this.#with.wire.reset();
  }

  #refusalOf(signal: AbortSignal | undefined): CommitlogError | undefined {
    if (this.#end !== undefined) return this.#end;
    if (signal?.aborted) return aborted(signal, { outcome: 'not-applied' });
    if (this.#outside.length < outsideMax) return undefined;
    const message = `${outsideMax} appends wait for room already: wait for some of them, or use a producer and its \`ready\``;
    return new CommitlogError('OVERLOADED', message, { outcome: 'not-applied', retryable: true });
  }

  #aborted(signal: AbortSignal, entries: ReadonlySet<Entry>): void {
    for (const entry of entries) {
      this.#rejectEntry(entry, aborted(signal, { outcome: entry.batch?.isSealed ? 'unknown' : 'not-applied' }));
    }
    this.#afterExpiring();
  }

  #admit(record: RecordInput, expectedOffset: number | undefined, entry: Entry): void {
    try {
      let batch = this.#waiting.at(-1);
      if (batch === undefined || batch.isConditional || expectedOffset !== undefined) {
        batch = this.#gather(expectedOffset);
      }
      let before = batch.byteLength;
      if (!batch.add(record, entry)) {
        batch = this.#gather(undefined);
        before = batch.byteLength;
        batch.add(record, entry);
      }
      this.#pendingBytes += batch.byteLength - before;
      this.#schedulePump();
    } catch (error) {
      this.#rejectEntry(entry, unencodable(error));
      if (this.#settings.mode === 'stream') this.#fail(unencodable(error));
    }
  }

  #gather(expectedOffset: number | undefined): PendingBatch {
    const batch = new PendingBatch(expectedOffset);
    this.#waiting.push(batch);
    this.#pendingBytes += batch.byteLength;
    return batch;
  }

  #schedulePump(): void {
    if (this.#isPumpDue || this.#waiting.length === 0) return;
    this.#isPumpDue = true;
    this.#with.defer(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  /** Sends what may be sent. */
  #pump(): void {
    this.#dropEmpty();
    if (this.#phase === 'closed' && this.#waiting.length > 0) {
      this.#phase = 'opening';
      this.#with.wire.open();
    }
    while (this.#phase === 'ready') {
      const batch = this.#waiting[0];
      if (batch === undefined || !this.#maySend(batch)) return;
      this.#waiting.shift();
      this.#number(batch);
    }
  }

  /** Behind others it must be worth a message of its own; a condition is judged alone: refused, it must leave no gap. */
  #maySend(batch: PendingBatch): boolean {
    if (this.#owed.length === 0) return true;
    if (batch.isConditional || this.#owed[0]!.isConditional) return false;
    const isFull = batch.byteLength >= concurrentBytesMin || this.#waiting.length > 1;
    return isFull && this.#owed.length < Math.min(inFlightMax, this.#identity!.inFlightMax);
  }

  #number(batch: PendingBatch): void {
    const { producerId, producerEpoch } = this.#identity!;
    this.#pendingBytes -= batch.byteLength;
    batch.seal({ producerId, producerEpoch, baseSequence: this.#nextSequence });
    this.#pendingBytes += batch.byteLength;
    this.#nextSequence = (this.#nextSequence + batch.count) % 2 ** 32;
    this.#owed.push(batch);
    this.#send(batch);
  }

  #send(batch: PendingBatch): void {
    this.#onStream.push(batch);
    this.#with.wire.send(batch.bytes, batch.expectedOffset);
    this.#with.observer?.sent?.(batch);
  }

  #applied(batch: PendingBatch, { baseOffset, term, timeMs }: Place): void {
    if (this.#owed[0] === batch) this.#owed.shift();
    else this.#owed.splice(this.#owed.indexOf(batch), 1);
    if (this.#phase === 'ready') this.#backoff.reset();
    this.#pendingBytes -= batch.byteLength;
    let offset = baseOffset;
    for (const entry of batch.entries) {
      if (!entry.isOver) {
        entry.isOver = true;
        entry.unlink?.();
        this.#entriesOpen -= 1;
        entry.resolve({ offset, term, timeMs });
      }
      offset += 1;
    }
    this.#with.observer?.settled?.(batch, undefined);
  }

  /** @param batch not on the stream any more, and owed still */
  #refusedBy(error: ApiError, batch: PendingBatch): void {
    if (error.code === 'OFFSET_MISMATCH') {
      this.#mismatched(error, batch);
      return;
    }
    const isFirst = this.#phase !== 'draining';
    if (isFirst) this.#trouble = error;
    this.#phase = 'draining';
    // Behind one that was refused there is a gap; a gap behind none says that the log has lost the thread.
    if (error.code === 'SEQUENCE_GAP') this.#isAbandoning ||= isFirst;
    else if (error.code === 'UNKNOWN_PRODUCER' || error.code === 'PRODUCER_FENCED') {
      this.#isAbandoning = true;
      // Opening a name again would be taking it back from whoever has it now.
      if (this.#settings.isNamed) batch.refusal = error;
    } else if (error.code === 'SEQUENCE_FORGOTTEN') {
      batch.isMaybe = true;
      this.#isAbandoning = true;
    } else if (!isPassing(error)) {
      batch.refusal = error;
      this.#isAbandoning = true;
    } else if (error.retry !== 'yes') batch.isMaybe = true;
  }

  /**
   * A condition that was not met. It was sent alone, so its sequence is free. But where the log has not got to the expected offset yet, a copy that was not
   * answered might still come just in time.
   */
  #mismatched(error: ApiError, batch: PendingBatch): void {
    const refusal = refused(error, 'not-applied');
    if (batch.isMaybe && (refusal.actual ?? 0) < (refusal.expected ?? 0)) {
      batch.refusal = error;
      this.#trouble = error;
      this.#isAbandoning = true;
      this.#phase = 'draining';
      return;
    }
    this.#owed.shift();
    this.#nextSequence = batch.baseSequence;
    this.#reject(batch, refusal);
  }

  /** Nothing is on the stream any more, and not all went well. */
  #drained(): void {
    if (this.#isAbandoning) {
      this.#abandonIdentity(this.#trouble!);
      return;
    }
    if (this.#owed.length === 0) {
      this.#phase = 'ready';
      return;
    }
    if (!this.#owed.some(({ isMaybe }) => isMaybe)) {
      // Every copy of each was refused: they are as if they had never been sent.
      this.#nextSequence = this.#owed[0]!.baseSequence;
      this.#requeue(this.#owed.splice(0));
    }
    this.#retryLater();
  }

  /** Gives up the producer: what may be in the log is unknown, and the rest goes under a new epoch, which refuses what comes late. */
  #abandonIdentity(error: ApiError): void {
    const owed = this.#owed.splice(0);
    const again: PendingBatch[] = [];
    let mayBeIn = true;
    let failure: CommitlogError | undefined;
    for (const batch of owed) {
      // Where one is missing, none behind it can be there.
      mayBeIn &&= batch.isMaybe;
      if (batch.refusal === undefined && !mayBeIn) {
        again.push(batch);
        continue;
      }
      const refusal = refused(batch.refusal ?? error, mayBeIn ? 'unknown' : 'not-applied');
      failure ??= refusal;
      this.#reject(batch, refusal);
    }
    this.#isAbandoning = false;
    this.#identity = undefined;
    this.#reset();
    this.#requeue(again);
    const isOver = failure !== undefined || this.#settings.isNamed;
    if (this.#settings.mode === 'stream' && isOver) this.#fail(failure ?? refused(error, 'not-applied'));
    else this.#retryLater();
  }

  /** Puts batches back in front of those that were never sent. */
  #requeue(batches: readonly PendingBatch[]): void {
    for (const batch of batches) {
      this.#pendingBytes -= batch.byteLength;
      batch.unseal();
      this.#pendingBytes += batch.byteLength;
    }
    this.#waiting.unshift(...batches);
    this.#dropEmpty();
    // Of a stream that has failed, nothing is sent for the first time any more.
    if (this.#isFailed) this.#rejectUnsent(() => this.#end!);
  }

  #retryLater(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'waiting';
    const delayMs = this.#backoff.nextMs();
    this.#with.observer?.retrying?.(this.#trouble!, delayMs);
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#with.clock.after(delayMs, () => this.#retry());
  }

  #retry(): void {
    if (this.#phase !== 'waiting') return;
    this.#retryTimer?.cancel();
    this.#reset();
    this.#phase = this.#identity === undefined ? 'closed' : 'ready';
    for (const batch of this.#owed) this.#send(batch);
    this.#pump();
  }

  /** Of a stream, what was not sent is refused; what was is still heard of. */
  #fail(error: CommitlogError): void {
    if (this.#end !== undefined && this.#end.code !== 'CLOSED') return;
    const message = `an earlier append of this producer has failed: ${error.message}`;
    const behind = new CommitlogError('PRODUCER_FAILED', message, { outcome: 'not-applied', cause: error });
    this.#end = behind;
    this.#rejectUnsent(() => behind);
    if (this.#owed.length === 0) this.#phase = 'over';
  }

  #rejectUnsent(errorOf: (outcome: 'not-applied') => CommitlogError): void {
    const waiting = this.#waiting.splice(0);
    for (const batch of waiting) this.#reject(batch, errorOf('not-applied'));
    for (let next = this.#outside.shift(); next !== undefined; next = this.#outside.shift()) {
      this.#rejectEntry(next.entry, errorOf('not-applied'));
    }
  }

  /** @param batch in no list any more */
  #reject(batch: PendingBatch, error: CommitlogError): void {
    for (const entry of batch.entries) this.#rejectEntry(entry, error);
    this.#with.observer?.settled?.(batch, error);
    this.#forget(batch);
  }

  #forget(batch: PendingBatch): void {
    this.#pendingBytes -= batch.byteLength;
    batch.drop();
  }

  /** Nobody waits for them. */
  #dropEmpty(): void {
    if (this.#waiting.every(({ hasWaiting }) => hasWaiting)) return;
    for (const batch of this.#waiting) if (!batch.hasWaiting) this.#forget(batch);
    this.#waiting = this.#waiting.filter(({ hasWaiting }) => hasWaiting);
  }

  #rejectEntry(entry: Entry, error: CommitlogError): void {
    if (entry.isOver) return;
    entry.isOver = true;
    entry.unlink?.();
    this.#entriesOpen -= 1;
    entry.reject(error);
  }

  #armDeadline(): void {
    this.#deadlineTimer ??= this.#with.clock.after(this.#settings.deadlineMs, () => this.#expire());
  }

  /** Tells those who have waited for as long as may be. */
  #expire(): void {
    this.#deadlineTimer = undefined;
    const { deadlineMs } = this.#settings;
    const dueMs = this.#with.clock.monotonicMs() - deadlineMs;
    let failure: CommitlogError | undefined;
    const expire = (entries: Iterable<Entry>, errorOf: () => CommitlogError): void => {
      for (const entry of entries) {
        if (entry.isOver) continue;
        if (entry.sinceMs > dueMs) return;
        const error = errorOf();
        failure ??= error;
        this.#rejectEntry(entry, error);
      }
    };
    for (const { entries } of this.#owed) expire(entries, () => tooLate(deadlineMs, 'unknown', this.#trouble));
    for (const { entries } of this.#waiting) expire(entries, () => tooLate(deadlineMs, 'not-applied', this.#trouble));
    expire(
      [...this.#outside].map(({ entry }) => entry),
      () => overloaded(this.#settings.pendingBytesMax, deadlineMs, this.#trouble),
    );
    if (failure !== undefined && this.#settings.mode === 'stream') this.#fail(failure);
    this.#afterExpiring();
    const oldest = this.#oldest();
    if (oldest === undefined) return;
    this.#deadlineTimer = this.#with.clock.after(Math.max(0, oldest.sinceMs - dueMs), () => this.#expire());
  }

  #oldest(): Entry | undefined {
    for (const { entries } of [...this.#owed, ...this.#waiting]) {
      const entry = entries.find(({ isOver }) => !isOver);
      if (entry !== undefined) return entry;
    }
    return this.#outside.peek()?.entry;
  }

  /** Some gave up. A producer of whose batches nobody wants to hear any more is given up, too: they must not come in late. */
  #afterExpiring(): void {
    this.#outside.keep(({ entry }) => !entry.isOver);
    this.#dropEmpty();
    if (this.#owed.length > 0 && !this.#owed.some(({ hasWaiting }) => hasWaiting)) {
      for (const batch of this.#owed.splice(0)) {
        this.#with.observer?.settled?.(batch, tooLate(this.#settings.deadlineMs, 'unknown', this.#trouble));
        this.#forget(batch);
      }
      this.#onStream = [];
      this.#identity = undefined;
      this.#isAbandoning = false;
      this.#retryTimer?.cancel();
      this.#reset();
      this.#phase = this.#isFailed ? 'over' : 'closed';
      this.#schedulePump();
    }
    this.#afterSettling();
  }

  /** There may be room, and nobody left to wait for. */
  #afterSettling(): void {
    while (this.#outside.length > 0 && this.#pendingBytes < this.#settings.pendingBytesMax) {
      const { record, expectedOffset, entry } = this.#outside.shift()!;
      this.#admit(record, expectedOffset, entry);
    }
    if (this.#entriesOpen === 0) {
      this.#deadlineTimer?.cancel();
      this.#deadlineTimer = undefined;
      // How things went for others says nothing about the next: it may have less time than the last pause took.
      this.#backoff.reset();
    }
    if (this.#isFailed && this.#owed.length === 0) this.#phase = 'over';
    this.#tellWatchers();
  }

  get #isFailed(): boolean {
    return this.#end !== undefined && this.#end.code !== 'CLOSED';
  }

  #tellWatchers(): void {
    if (this.#watchers.length === 0) return;
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

function overloaded(bytesMax: number, deadlineMs: number, trouble: unknown): CommitlogError {
  const message = `no room within ${deadlineMs} ms: ${bytesMax} bytes of appends wait already. Wait for some of them, or use a producer and its \`ready\``;
  return new CommitlogError('OVERLOADED', message, { outcome: 'not-applied', retryable: true, cause: trouble });
}

function moved(): ApiError {
  return new ApiError('UNAVAILABLE', 'another server leads by now');
}

function ignore(): void {}
