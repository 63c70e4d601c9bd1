import type { LogPosition } from '@commitlog/log';
import type { MemberId, ProposalOutcome, RaftGroup, Role, Term } from '@commitlog/raft';
import type { BatchFormat } from './batch-format.js';
import { encodeMetadata, encodeRegistration, encodeTrim } from './control-batches.js';
import { closed, notLeader, ReplicatedLogError } from './errors.js';
import { type AppendResult, InFlight, type Place } from './in-flight.js';
import type { LogState } from './log-state.js';
import type { ProducerOwner, Registration } from './producer-table.js';
import { type Judgement, Reign } from './reign.js';

/** What somebody wants in the log. */
type Wanted =
  | {
      readonly kind: 'data';
      readonly batch: Buffer;
      readonly subject: string;
      readonly expectedOffset: number | undefined;
    }
  | { readonly kind: 'open'; readonly owner: ProducerOwner }
  | { readonly kind: 'trim'; readonly start: LogPosition }
  /** What the metadata is to be, made of what it is when this is proposed. */
  | { readonly kind: 'metadata'; readonly change: (current: string) => string };

/** Where an entry is, and what it registered, if anything. */
interface Appended extends AppendResult {
  readonly registration?: Registration & { readonly id: number };
}

interface Waiting {
  readonly wanted: Wanted;
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
  isProposed: boolean;
  isOver: boolean;
}

export interface AppenderComponents {
  readonly group: RaftGroup;
  readonly format: BatchFormat;
  readonly state: LogState;
  /** The most bytes of appends that wait or are in flight. */
  readonly pendingBytesMax: number;
}

/** What a proposal costs beside its bytes. */
const feeBytes = 64;

/**
 * A leader's appends. They wait for the reign to begin, are judged in their order, and proposed together; those that come meanwhile are the
 * next to be. None is judged before the places of those judged before are known: what Raft refuses must leave no gap behind it.
 */
export class Appender {
  readonly #with: AppenderComponents;
  #waiting: Waiting[] = [];
  #pendingBytes = 0;
  #reign: Reign | undefined;
  #isRunning = false;
  #end: ReplicatedLogError | undefined;

  constructor(components: AppenderComponents) {
    this.#with = components;
  }

  /** @throws BatchError when it is no unstamped data batch */
  append(wanted: Omit<Extract<Wanted, { kind: 'data' }>, 'kind'>, signal?: AbortSignal): Promise<AppendResult> {
    return this.#add({ kind: 'data', ...wanted }, wanted.batch.length, signal);
  }

  async open(owner: ProducerOwner, signal?: AbortSignal): Promise<Registration> {
    const { registration } = await this.#add({ kind: 'open', owner }, 0, signal);
    return registration!;
  }

  async trim(start: LogPosition): Promise<void> {
    await this.#add({ kind: 'trim', start }, 0, undefined);
  }

  /** One change at a time: it is made of what is applied. */
  async changeMetadata(change: (current: string) => string): Promise<void> {
    await this.#add({ kind: 'metadata', change }, 0, undefined);
  }

  /** Role, term or leader changed. */
  onRole(role: Role, term: Term, leader: MemberId | null): void {
    if (role === 'leader' && this.#reign?.term === term) return;
    this.#reign = undefined;
    if (role !== 'leader') this.#refuseWaiting(notLeader(leader));
  }

  /** More is applied. */
  onApplied(): void {
    this.#reign?.applied();
  }

  /** Takes no more. What is in flight is told by the group's end. */
  end(error: ReplicatedLogError): void {
    this.#end ??= error;
    this.#refuseWaiting(this.#end);
  }

  async #add(wanted: Wanted, bytes: number, signal: AbortSignal | undefined): Promise<Appended> {
    signal?.throwIfAborted();
    this.#requireLeader();
    const { format, pendingBytesMax } = this.#with;
    // With nothing waiting even the biggest is let in: a cap that refuses a batch for ever would be a dead end.
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes + feeBytes > pendingBytesMax)
      throw overloaded(pendingBytesMax);
    if (wanted.kind === 'data') format.admitData(wanted.batch);
    return await new Promise((resolve, reject) => {
      const waiting = { wanted, bytes: bytes + feeBytes, resolve, reject, isProposed: false, isOver: false };
      this.#enqueue(waiting, signal);
    });
  }

  #enqueue(given: Waiting, signal: AbortSignal | undefined): void {
    const abort = (): void => {
      waiting.isOver = true;
      given.reject(waiting.isProposed ? aborted(signal) : signal?.reason);
    };
    const waiting: Waiting = {
      ...given,
      resolve: (appended) => {
        signal?.removeEventListener('abort', abort);
        given.resolve(appended);
      },
      reject: (error) => {
        signal?.removeEventListener('abort', abort);
        given.reject(error);
      },
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#waiting.push(waiting);
    this.#pendingBytes += waiting.bytes;
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    // Those of the same turn go together.
    await nextMicrotask();
    while (this.#waiting.length > 0) {
      const reign = await this.#begun();
      if (reign !== undefined) await this.#proposeAll(reign);
    }
    this.#isRunning = false;
  }

  /**
   * The reign, once everything that the leader found in its log is committed and applied; `undefined` where it ended before it began. A
   * linearizable read waits for exactly that (Raft §8): the leader's own first entry is behind whatever others have left.
   */
  async #begun(): Promise<Reign | undefined> {
    if (this.#reign !== undefined) return this.#reign;
    const { group, state } = this.#with;
    const { term } = group.status;
    try {
      const confirmed = await this.#confirmedTerm();
      if (confirmed === term) this.#reign = new Reign(term, state);
      else if (confirmed === undefined) this.#refuseWaiting(notLeader(group.leader));
    } catch (error) {
      this.#refuseWaiting(error as ReplicatedLogError);
    }
    return this.#reign;
  }

  /**
   * The term in which this member leads, as a quorum has confirmed, with everything applied that was committed when it was asked.
   *
   * @returns `undefined` where another leads
   */
  async #confirmedTerm(): Promise<Term | undefined> {
    const { group } = this.#with;
    try {
      await group.read();
    } catch (cause) {
      throw this.#end ?? unconfirmed(cause);
    }
    return group.isLeader ? group.status.term : undefined;
  }

  /** Judges what waits, up to a registration: the id that it gives is not known before it has its place. */
  async #proposeAll(reign: Reign): Promise<void> {
    const items: InFlight[] = [];
    const waiting = this.#waiting;
    const registering = waiting.findIndex(({ wanted }) => wanted.kind === 'open');
    const taken = registering < 0 ? waiting.length : registering + 1;
    this.#waiting = waiting.slice(taken);
    for (const each of waiting.slice(0, taken)) {
      const item = each.isOver ? this.#drop(each) : this.#propose(each, reign);
      if (item !== undefined) items.push(item);
    }
    // The group takes the proposals of one turn in a microtask that was queued before this one.
    await nextMicrotask();
    reign.settle(items);
  }

  #propose(waiting: Waiting, reign: Reign): InFlight | undefined {
    const { wanted } = waiting;
    waiting.isProposed = true;
    if (wanted.kind === 'data') {
      const judgement = reign.judge(wanted.batch, wanted.subject, wanted.expectedOffset);
      if (judgement.kind === 'answer') this.#settle(waiting, againOf(judgement.result));
      if (judgement.kind === 'refuse') this.#settle(waiting, this.#refused(judgement, reign.term));
      if (judgement.kind !== 'propose') {
        this.#with.format.release(wanted.batch);
        return undefined;
      }
    }
    const registration = wanted.kind === 'open' ? reign.opening(wanted.owner) : undefined;
    const batch = batchOf(wanted, registration, this.#with.state);
    const item = new InFlight(batch, (proposed) => this.#committed(proposed), registration);
    reign.proposed(item, batch);
    this.#settle(
      waiting,
      item.outcome.then((result) => ({
        ...result,
        isDuplicate: false,
        ...(registration && { registration: { ...registration, id: registration.id || item.index } }),
      })),
    );
    return item;
  }

  /**
   * Who was deposed and has not heard of it judges by a log that has gone on elsewhere, and by proposals that will be cut: what rests on the
   * log holds once that is committed, and this is the leader still.
   */
  async #refused({ error, after }: Extract<Judgement, { kind: 'refuse' }>, term: Term): Promise<never> {
    if (after === undefined) throw error;
    await after;
    if ((await this.#confirmedTerm()) !== term) throw notLeader(this.#with.group.leader);
    throw error;
  }

  #settle(waiting: Waiting, outcome: Promise<Appended>): void {
    const over = (): void => {
      this.#pendingBytes -= waiting.bytes;
    };
    outcome.finally(over).then(waiting.resolve, waiting.reject);
  }

  async #committed(batch: Buffer): Promise<void> {
    const { group } = this.#with;
    const outcome = await group.propose(batch);
    if (outcome.kind === 'committed') return;
    throw outcome.kind === 'not-applied' && outcome.reason === 'stopped' ? (this.#end ?? closed()) : errorOf(outcome);
  }

  #requireLeader(): void {
    const { group } = this.#with;
    if (this.#end !== undefined) throw this.#end;
    if (!group.isLeader) throw notLeader(group.leader);
  }

  #refuseWaiting(error: ReplicatedLogError): void {
    for (const waiting of this.#waiting.splice(0)) {
      this.#drop(waiting);
      if (!waiting.isOver) waiting.reject(error);
    }
  }

  #drop({ wanted, bytes }: Waiting): undefined {
    this.#pendingBytes -= bytes;
    if (wanted.kind === 'data') this.#with.format.release(wanted.batch);
  }
}

function batchOf(wanted: Wanted, registration: Registration | undefined, state: LogState): Buffer {
  switch (wanted.kind) {
    case 'data':
      return wanted.batch;
    case 'trim':
      return encodeTrim(wanted.start);
    case 'metadata':
      return encodeMetadata(wanted.change(state.metadata));
    case 'open':
      return encodeRegistration(registration!);
  }
}

/** Where a batch is that was sent before. */
async function againOf(first: Place | Promise<Place>): Promise<Appended> {
  return { ...(await first), isDuplicate: true };
}

/** What a proposal came to, in an appender's words. */
function errorOf(outcome: Exclude<ProposalOutcome, { kind: 'committed' }>): ReplicatedLogError {
  if (outcome.kind === 'unknown') {
    const message = `it cannot be said whether this was appended: ${outcome.reason}. Append it again, with the same producer and sequence`;
    return new ReplicatedLogError('unknown', message);
  }
  switch (outcome.reason) {
    case 'not-leader':
      return notLeader(outcome.leader);
    case 'transferring':
      return new ReplicatedLogError(
        'not-leader',
        'leadership is being handed over, so nothing was appended: ask again in a moment',
        { leader: null },
      );
    case 'overloaded':
      return new ReplicatedLogError(
        'overloaded',
        'too much waits for a quorum, so nothing was appended: append again later',
      );
    default:
      return new ReplicatedLogError(
        'not-applied',
        'leadership changed before this was committed, and it is not in the log: append it again',
        { leader: outcome.leader },
      );
  }
}

function overloaded(bytesMax: number): ReplicatedLogError {
  const message = `${bytesMax} bytes of appends wait already, so nothing was appended: wait until some of them are done`;
  return new ReplicatedLogError('overloaded', message);
}

function unconfirmed(cause: unknown): ReplicatedLogError {
  const message = 'this member leads, and reaches no quorum that says so; nothing was appended: ask again in a moment';
  return new ReplicatedLogError('not-leader', message, { leader: null, cause });
}

function aborted(signal: AbortSignal | undefined): ReplicatedLogError {
  const message =
    'given up while it was on its way: it may be in the log, or not. Append it again, with the same producer and sequence';
  return new ReplicatedLogError('unknown', message, { cause: signal?.reason });
}

function nextMicrotask(): Promise<void> {
  return Promise.resolve();
}
