import { crc32 } from 'node:zlib';
import { baseOffsetOf, batches, indexOf, nextOffsetOf, records, termOf } from '@commitlog/record';
import type { AppendResult } from '../src/index.js';
import type { World } from './world.js';

/** A batch that somebody has read. */
interface Seen {
  readonly index: number;
  readonly nextOffset: number;
  readonly crc: number;
  readonly values: readonly string[];
}

/** The records of one batch are `<batch>/<number>`: whoever reads one knows which batch it is of. */
export function valuesOf(batch: string, count: number, bytes: number): string[] {
  return Array.from({ length: count }, (_, at) => `${batch}/${at} `.padEnd(bytes, '.'));
}

function nameOf(value: string): string {
  return value.slice(0, value.indexOf('/'));
}

/**
 * What callers were told and what readers saw, held against each other as it comes. Whoever sees a batch first says what stands at its
 * offset, for ever: only what is committed is served, and that never changes.
 */
export class History {
  /** By offset of the first record. */
  readonly #seen: Map<number, Seen> = new Map();
  readonly #placeOf: Map<string, number> = new Map();
  readonly #acknowledged: Map<string, AppendResult & { readonly count: number }> = new Map();
  readonly #denied: Map<string, string> = new Map();
  readonly #toldEnds: { readonly offset: number; readonly commitIndex: number }[] = [];
  readonly #world: World;
  /** The offset behind the last record that anybody was told of. */
  acknowledgedEnd = 0;
  /** The furthest logical start that anybody was told of. */
  trimmedTo = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size;
  }

  /** A caller was told that a batch is in the log. */
  acknowledged(batch: string, count: number, result: AppendResult): void {
    const { offset, term, time } = result;
    this.#world.trace('acknowledged', { batch, count, offset, term, time });
    const before = this.#acknowledged.get(batch);
    if (before !== undefined && (before.offset !== offset || before.term !== term || before.time !== time)) {
      this.#world.violated('one place', `${batch} was told ${JSON.stringify(before)}, then ${JSON.stringify(result)}`);
    }
    this.#acknowledged.set(batch, { ...result, count });
    this.acknowledgedEnd = Math.max(this.acknowledgedEnd, offset + count);
    this.#requirePlace(batch, offset);
  }

  /** A caller was told that a batch is not in the log, and will not send it again. */
  denied(batch: string, why: string): void {
    this.#denied.set(batch, why);
    const offset = this.#placeOf.get(batch);
    if (offset !== undefined)
      this.#world.violated('nothing invented', `${batch} was denied: ${why}; it is at ${offset}`);
  }

  /** Somebody was told that the log goes on at an offset, by a member that knew so much to be committed. */
  toldEnd(offset: number, commitIndex: number): void {
    this.#toldEnds.push({ offset, commitIndex });
  }

  /** Somebody was served these bytes. */
  read(by: string, bytes: Buffer): void {
    for (const batch of batches(bytes)) this.#readBatch(by, batch);
  }

  /** Once everything was read: what no reader has seen is missing. */
  requireAll(): void {
    for (const [batch, { offset, count }] of this.#acknowledged) {
      if (offset + count <= this.trimmedTo) continue;
      if (this.#placeOf.get(batch) !== offset) {
        this.#world.violated('nothing lost', `${batch} was acknowledged at ${offset}, and is not there`);
      }
    }
  }

  /** Once everything was read, and where nothing was trimmed: each end that somebody was told is one, and was committed by then. */
  requireEnds(): void {
    const indexes = new Map([...this.#seen.values()].map(({ nextOffset, index }) => [nextOffset, index]));
    for (const { offset, commitIndex } of this.#toldEnds) {
      const index = offset === 0 ? 0 : indexes.get(offset);
      if (index !== undefined && index <= commitIndex) continue;
      const what = index === undefined ? 'no batch ends there' : `it ended there with batch ${index}`;
      this.#world.violated(
        'conditions',
        `told that the log ends at ${offset}, by who knew ${commitIndex} batches committed: ${what}`,
      );
    }
  }

  /** The batches of each producer's session, in the order of the log: numbered as they were sent, without a gap. */
  requireOrder(): void {
    const last = new Map<string, number>();
    for (const [offset, { values }] of [...this.#seen].sort(([one], [other]) => one - other)) {
      const [session, number] = nameOf(values[0]!).split('#');
      if (number === undefined) continue;
      const expected = (last.get(session!) ?? Number(number) - 1) + 1;
      if (Number(number) !== expected) {
        this.#world.violated('in order', `${session}#${number} at ${offset} comes where #${expected} was to come`);
      }
      last.set(session!, Number(number));
    }
  }

  #readBatch(by: string, batch: Buffer): void {
    const offset = baseOffsetOf(batch);
    const found: Seen = {
      index: indexOf(batch),
      nextOffset: nextOffsetOf(batch),
      crc: crc32(batch),
      values: [...records(batch)].map(({ value }) => value.toString().replace(/ \.*$/, '')),
    };
    const known = this.#seen.get(offset);
    if (known === undefined) this.#first(by, offset, found, termOf(batch));
    else if (known.index !== found.index || known.crc !== found.crc) {
      const [ours, theirs] = [JSON.stringify(found), JSON.stringify(known)];
      this.#world.violated('one log', `${by} has ${ours} at offset ${offset}, where ${theirs} was read before`);
    }
  }

  #first(by: string, offset: number, found: Seen, term: number): void {
    this.#world.trace('read', { by, offset, index: found.index, term, first: found.values[0] });
    this.#seen.set(offset, found);
    const batch = nameOf(found.values[0]!);
    const isWhole = found.values.every((value, at) => value === `${batch}/${at}`);
    if (!isWhole) this.#world.violated('whole batches', `${by} read ${JSON.stringify(found.values)} at ${offset}`);
    const before = this.#placeOf.get(batch);
    if (before !== undefined) this.#world.violated('once', `${batch} is at ${before} and at ${offset}`);
    this.#placeOf.set(batch, offset);
    const why = this.#denied.get(batch);
    if (why !== undefined) this.#world.violated('nothing invented', `${batch} was denied: ${why}; it is at ${offset}`);
    const told = this.#acknowledged.get(batch);
    if (told !== undefined && (told.offset !== offset || told.term !== term)) {
      this.#world.violated(
        'one place',
        `${batch} of term ${term} is at ${offset}, and was told ${JSON.stringify(told)}`,
      );
    }
  }

  #requirePlace(batch: string, offset: number): void {
    const place = this.#placeOf.get(batch);
    if (place !== undefined && place !== offset) {
      this.#world.violated('one place', `${batch} was told ${offset}, and is at ${place}`);
    }
  }
}
