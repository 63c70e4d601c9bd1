import type { Term } from '@commitlog/raft';
import { baseSequenceOf, countOf, producerEpochOf, producerIdOf } from '@commitlog/record';
import { ReplicatedLogError } from './errors.js';
import { Flight, type InFlight, type Place } from './in-flight.js';
import type { LogState } from './log-state.js';
import type { ProducerOwner, ProducerTable, Registration, Verdict } from './producer-table.js';
import { batchesMax } from './producer-window.js';

/** What a leader makes of a batch that somebody wants appended. */
export type Judgement =
  | { readonly kind: 'propose' }
  /** It was appended before: this is, or will be, where. */
  | { readonly kind: 'answer'; readonly result: Place | Promise<Place> }
  /** @property after what the log was judged by; once that is committed, by a leader that leads still, it holds. Absent where it rests on nothing */
  | { readonly kind: 'refuse'; readonly error: ReplicatedLogError; readonly after?: Promise<unknown> };

/**
 * A leader's view of its log up to the very end, committed or not: where the next batch goes, and what each producer has. It begins once
 * everything that the leader found in its log is committed and applied, so that what is not committed are its own proposals alone; and it
 * ends with the reign.
 */
export class Reign {
  readonly term: Term;
  readonly #state: LogState;
  readonly #flight: Flight = new Flight();
  #nextOffset: number;
  /** The latest append time that is known. */
  #time: number;
  /** As of everything that was proposed; made anew where that was refused. */
  #table: ProducerTable | undefined;

  /** @param state as of the reign's start: nothing of this reign is in it */
  constructor(term: Term, state: LogState) {
    this.term = term;
    this.#state = state;
    this.#nextOffset = state.applied.nextOffset;
    this.#time = state.applied.appendTime;
  }

  /** Judges a batch behind everything that was proposed. */
  judge(batch: Buffer, subject: string, expectedOffset: number | undefined): Judgement {
    const judgement = this.#judgeProducer(batch, subject);
    if (judgement.kind !== 'propose' || expectedOffset === undefined || expectedOffset === this.#nextOffset) {
      return judgement;
    }
    const actual = this.#nextOffset;
    const message = `the next record gets offset ${actual}, not ${expectedOffset}, so nothing was appended: look at what came in between`;
    const error = new ReplicatedLogError('offset-mismatch', message, { expected: expectedOffset, actual });
    return { kind: 'refuse', error, after: this.#tail };
  }

  opening(owner: ProducerOwner): Registration {
    return this.#producers.opening(owner);
  }

  /** A batch is proposed: the next is judged as if it were in the log. */
  proposed(item: InFlight, batch: Buffer): void {
    this.#flight.add(item);
    const [id, count, offset] = [producerIdOf(batch), countOf(batch), this.#nextOffset];
    this.#nextOffset += count;
    if (id === 0) return;
    // Its own time is not known before it has its place, and nobody asks for it here: see `#applied`.
    const placeless = { sequence: baseSequenceOf(batch), count, offset, term: this.term, time: this.#time };
    this.#producers.appended(id, producerEpochOf(batch), placeless);
  }

  /** What was proposed since the last call has its place, or was refused: then it is as if it had never been. */
  settle(items: readonly InFlight[]): void {
    const refused = new Set(items.filter((item) => !item.place()));
    for (const item of items) if (item.registration !== undefined && item.index > 0) item.applyTo(this.#producers);
    for (const { time } of items) this.#time = Math.max(this.#time, time);
    if (refused.size === 0) return;
    this.#flight.remove(refused);
    this.#table = undefined;
    this.#nextOffset = this.#flight.last?.nextOffset ?? this.#state.applied.nextOffset;
  }

  /** More is applied. */
  applied(): void {
    this.#flight.applied(this.#state.applied);
  }

  #judgeProducer(batch: Buffer, subject: string): Judgement {
    const [id, epoch] = [producerIdOf(batch), producerEpochOf(batch)];
    if (id === 0) return { kind: 'propose' };
    const numbers = { sequence: baseSequenceOf(batch), count: countOf(batch) };
    const verdict = this.#producers.judge({ id, subject, epoch }, numbers);
    if (verdict.kind === 'duplicate') {
      return {
        kind: 'answer',
        result: this.#flight.find(id, epoch, numbers.sequence)?.outcome ?? this.#applied(id, verdict),
      };
    }
    if (verdict.kind !== 'next') return { kind: 'refuse', error: refusal(id, verdict), after: this.#tail };
    const oldest = this.#producers.get(id)!.batches.oldestOfAll;
    const oldestInFlight = oldest && this.#flight.find(id, epoch, oldest.sequence);
    if (oldestInFlight === undefined || oldestInFlight.isCommitted) return { kind: 'propose' };
    const message = `producer ${id} has ${batchesMax} batches in flight, and a retry of more would not be recognised: wait for one of them`;
    return { kind: 'refuse', error: new ReplicatedLogError('overloaded', message) };
  }

  /** Where a batch is that is not in flight any more. */
  #applied(id: number, { of }: Extract<Verdict, { kind: 'duplicate' }>): Place {
    const batches = this.#state.producers.get(id)?.batches ?? [];
    const found = [...batches].find(({ sequence }) => sequence === of.sequence);
    if (found === undefined) throw new Error(`batch ${of.sequence} of producer ${id} is neither in flight nor applied`);
    const { offset, term, time } = found;
    return { offset, term, time };
  }

  /** Until everything that was proposed is committed. */
  get #tail(): Promise<unknown> {
    return this.#flight.last?.outcome ?? Promise.resolve();
  }

  get #producers(): ProducerTable {
    if (this.#table === undefined) {
      this.#table = this.#state.producers.clone();
      for (const item of this.#flight) item.applyTo(this.#table);
    }
    return this.#table;
  }
}

function refusal(id: number, verdict: Exclude<Verdict, { kind: 'next' | 'duplicate' }>): ReplicatedLogError {
  switch (verdict.kind) {
    case 'unknown':
      return new ReplicatedLogError(
        'unknown-producer',
        `no producer ${id} of this subject and epoch is known; it may have been forgotten. Nothing was appended: open a producer`,
      );
    case 'fenced':
      return new ReplicatedLogError(
        'fenced',
        `producer ${id} was opened again, with epoch ${verdict.epoch}: this one must stop, and nothing was appended`,
        { expected: verdict.epoch },
      );
    case 'gap':
      return new ReplicatedLogError(
        'sequence-gap',
        `producer ${id} is to go on with sequence ${verdict.expected}: send the batches before this one first`,
        { expected: verdict.expected },
      );
    case 'stale':
      return new ReplicatedLogError(
        'sequence-stale',
        `producer ${id} goes on with sequence ${verdict.expected}, and this batch is none of its last ${batchesMax}: it cannot be said whether it is in the log`,
        { expected: verdict.expected },
      );
  }
}
