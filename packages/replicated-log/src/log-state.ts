import { Buffer } from 'node:buffer';
import { type LogPosition, origin } from '@commitlog/log';
import {
  appendTimeOf,
  baseOffsetOf,
  baseSequenceOf,
  countOf,
  producerEpochOf,
  producerIdOf,
  termOf,
} from '@commitlog/record';
import { controlRecordOf } from './control-batches.js';
import { type DerivedState, decodeState, encodeState } from './derived-state.js';
import { positionAfter } from './entries.js';
import { decodeProducers, encodeProducers } from './producer-codec.js';
import { ProducerTable } from './producer-table.js';

/**
 * What is derived from the committed batches of a log, in their order: the producers, the metadata, the logical start, and how far it is. Kept in
 * memory; saved when a segment is sealed, and with each snapshot.
 */
export class LogState {
  readonly #producersMax: number | undefined;
  #producers: ProducerTable;
  #start: LogPosition = origin;
  #applied: LogPosition = origin;
  #derived: LogPosition = origin;
  #metadata = '';

  constructor(producersMax?: number) {
    this.#producersMax = producersMax;
    this.#producers = new ProducerTable(producersMax);
  }

  /** The logical start. */
  get start(): LogPosition {
    return this.#start;
  }

  /** The point behind the last batch that was applied: what is served ends here. */
  get applied(): LogPosition {
    return this.#applied;
  }

  /** As of `applied`, or, for as long as batches up to a snapshot's state are still coming, as of that. */
  get producers(): ProducerTable {
    return this.#producers;
  }

  /** What the log's users have agreed on; as of when, see `producers`. */
  get metadata(): string {
    return this.#metadata;
  }

  /** Takes the next committed batch: data, or a control batch of this package. */
  apply(batch: Buffer): void {
    this.#applied = positionAfter(batch);
    // The snapshot that the log began with was of a later point: what it says is in the state already.
    if (this.#applied.index <= this.#derived.index) return;
    this.#derived = this.#applied;
    const record = controlRecordOf(batch);
    if (record === undefined) applyData(this.#producers, batch);
    else if (record.kind === 'registration') this.#producers.opened(record.registration, this.#applied.index);
    else if (record.kind === 'metadata') this.#metadata = record.metadata;
    else if (record.start.index > this.#start.index) this.#start = record.start;
  }

  encode(): Buffer {
    return encodeState({
      start: this.#start,
      applied: this.#applied,
      derived: this.#derived,
      metadata: this.#metadata,
      producers: encodeProducers(this.#producers),
    });
  }

  /** Takes what was saved on this disk. */
  resume(saved: DerivedState): void {
    this.#start = saved.start;
    this.#applied = saved.applied;
    this.#derived = saved.derived;
    this.#metadata = saved.metadata;
    this.#producers = decodeProducers(saved.producers, this.#producersMax);
  }

  /**
   * A snapshot takes the place of the log up to its start. What comes behind that is still to be applied, since it is not said that this log
   * holds the same.
   *
   * @throws TypeError when these bytes are no snapshot of a log
   */
  restore(snapshot: Uint8Array): void {
    const state = decodeState(Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength));
    // At a start, what was saved beside the log may be of a later point.
    if (state.start.index <= this.#applied.index) return;
    this.resume({ ...state, applied: state.start });
  }
}

/** A data batch has its place in the log. */
function applyData(producers: ProducerTable, batch: Buffer): void {
  const id = producerIdOf(batch);
  if (id === 0) return;
  producers.appended(id, producerEpochOf(batch), {
    sequence: baseSequenceOf(batch),
    count: countOf(batch),
    offset: baseOffsetOf(batch),
    term: termOf(batch),
    time: appendTimeOf(batch),
  });
}
