import { ApiError } from '@commitlog/api';
import { baseSequenceOf, countOf, producerEpochOf, producerIdOf, records } from '@commitlog/record';
import type { Clock, Random } from '@commitlog/runtime';
import type { Lane, Place, Wire } from '../../src/append/lane.js';

/** Numbers from a seed (mulberry32). */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.uint32() & 0xff);
  }

  below(bound: number): number {
    return this.uint32() % bound;
  }

  chance(probability: number): boolean {
    return this.uint32() / 2 ** 32 < probability;
  }
}

/** Time that passes when it is told to. What is due at the same time happens in the order in which it was asked for. */
export class VirtualClock implements Clock {
  nowMs = 0;
  #due: { readonly atMs: number; readonly callback: () => void }[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#due.push(timer);
    return {
      cancel: () => {
        this.#due = this.#due.filter((other) => other !== timer);
      },
    };
  }

  /** Lets everything happen that is due within so many ms, promises included. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await settled();
      const next = this.#due.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#due = this.#due.filter((other) => other !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = untilMs;
  }
}

/** Everything that waits for nothing but promises has happened. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

interface Known {
  epoch: number;
  next: number;
  window: { readonly sequence: number; readonly count: number; readonly place: Place }[];
}

/** What a cluster does with batches, as the replicated log's table of producers has it; and everything that may go wrong on the way. */
export class FakeCluster {
  readonly values: string[] = [];
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  /** While nothing goes wrong any more. */
  isHealed = false;
  /** How likely things go wrong. */
  readonly trouble: number;
  readonly #producers = new Map<number, Known>();
  readonly #names = new Map<string, number>();
  #ids = 0;

  constructor(seed: number, trouble: number) {
    this.random = new SeededRandom(seed);
    this.clock = new VirtualClock();
    this.trouble = trouble;
  }

  open(name: string): { readonly id: number; readonly epoch: number } {
    const id = this.#names.get(name);
    const known = id === undefined ? undefined : this.#producers.get(id);
    if (id !== undefined && known !== undefined) {
      known.epoch += 1;
      known.next = 0;
      known.window = [];
      return { id, epoch: known.epoch };
    }
    this.#ids += 1;
    this.#names.set(name, this.#ids);
    this.#producers.set(this.#ids, { epoch: 0, next: 0, window: [] });
    return { id: this.#ids, epoch: 0 };
  }

  /** Forgets everybody, as after 100,000 others. */
  evict(): void {
    this.#producers.clear();
  }

  take(batch: Buffer, expectedOffset: number | undefined): Place | ApiError {
    const [epoch, sequence, count] = [producerEpochOf(batch), baseSequenceOf(batch), countOf(batch)];
    const known = this.#producers.get(producerIdOf(batch));
    if (known === undefined || epoch > known.epoch) return new ApiError('UNKNOWN_PRODUCER', 'never heard of it');
    if (epoch < known.epoch) return new ApiError('PRODUCER_FENCED', 'another epoch');
    if (sequence !== known.next) {
      const same = known.window.find((other) => other.sequence === sequence && other.count === count);
      if (same !== undefined) return same.place;
      return new ApiError(sequence > known.next ? 'SEQUENCE_GAP' : 'SEQUENCE_FORGOTTEN', 'not the next');
    }
    const actual = this.values.length;
    if (expectedOffset !== undefined && expectedOffset !== actual) {
      return new ApiError('OFFSET_MISMATCH', 'too late', { metadata: { expected: expectedOffset, actual } });
    }
    const place = { baseOffset: actual, term: 1, timeMs: this.clock.nowMs };
    for (const { value } of records(batch)) this.values.push(`${value}`);
    known.next = sequence + count;
    known.window = [...known.window, { sequence, count, place }].slice(-64);
    return place;
  }
}

interface Stream {
  /** Whether the client still listens. */
  isHeard: boolean;
  /** When the last message that is on its way arrives: they keep their order. */
  lastMs: number;
  lastAnswerMs: number;
  readonly isRefused: boolean;
}

const passing = ['NOT_LEADER', 'NO_LEADER', 'OVERLOADED', 'NO_SPACE', 'STOPPING'] as const;

/**
 * The way between a lane and a cluster: messages and answers take their time, are lost, and streams break. What was sent before a stream broke, or was given up, may
 * still arrive, much later.
 */
export class FakeWire implements Wire {
  readonly #cluster: FakeCluster;
  readonly #name: string;
  lane: Lane | undefined;
  #stream: Stream | undefined;
  #opening: object | undefined;

  constructor(cluster: FakeCluster, name: string) {
    this.#cluster = cluster;
    this.#name = name;
  }

  open(): void {
    const { clock } = this.#cluster;
    const opening = {};
    this.#opening = opening;
    const answer = (tell: () => void): void => {
      clock.after(this.#delayMs(), () => {
        if (this.#opening !== opening) return;
        this.#opening = undefined;
        tell();
      });
    };
    if (this.#goesWrong()) answer(() => this.lane!.openFailed(new ApiError('NO_LEADER', 'electing')));
    clock.after(this.#delayMs(), () => {
      const { id, epoch } = this.#cluster.open(this.#name);
      answer(() => this.lane!.opened({ producerId: id, producerEpoch: epoch, inFlightMax: 64 }));
    });
  }

  send(batch: Buffer, expectedOffset: number | undefined): void {
    const { clock, random } = this.#cluster;
    this.#stream ??= this.#connect();
    const stream = this.#stream;
    if (stream.isRefused) return;
    // Whoever sends it may do with its bytes what they like: the cluster gets its own.
    const bytes = Buffer.from(batch);
    stream.lastMs = Math.max(stream.lastMs, clock.nowMs + this.#delayMs());
    clock.after(stream.lastMs - clock.nowMs, () => this.#arrive(stream, bytes, expectedOffset));
    if (this.#goesWrong() && random.chance(0.5)) {
      clock.after(this.#delayMs(), () => this.#break(stream, new ApiError('UNAVAILABLE', 'the connection broke')));
    }
  }

  /** A stream; one may be refused before it takes anything, as where no leader can be reached. */
  #connect(): Stream {
    const stream = { isHeard: true, lastMs: 0, lastAnswerMs: 0, isRefused: this.#goesWrong() };
    if (stream.isRefused) {
      this.#cluster.clock.after(this.#delayMs(), () => this.#break(stream, new ApiError('NO_LEADER', 'not reached')));
    }
    return stream;
  }

  reset(): void {
    if (this.#stream !== undefined) this.#stream.isHeard = false;
    this.#stream = undefined;
    this.#opening = undefined;
  }

  #arrive(stream: Stream, batch: Buffer, expectedOffset: number | undefined): void {
    const { random, clock } = this.#cluster;
    // A stream that was given up: the network may have lost the rest of it, or keep it for long.
    if (!stream.isHeard && random.chance(0.5)) {
      if (random.chance(0.5)) clock.after(random.below(3000), () => this.#cluster.take(batch, expectedOffset));
      return;
    }
    const answer = this.#answerTo(batch, expectedOffset);
    stream.lastAnswerMs = Math.max(stream.lastAnswerMs, clock.nowMs + this.#delayMs());
    clock.after(stream.lastAnswerMs - clock.nowMs, () => {
      if (!stream.isHeard || this.#stream !== stream) return;
      if (this.#goesWrong() && random.chance(0.3))
        this.#break(stream, new ApiError('UNAVAILABLE', 'the answer was lost'));
      else this.lane!.answered(answer);
    });
  }

  #answerTo(batch: Buffer, expectedOffset: number | undefined): Place | ApiError {
    const { random } = this.#cluster;
    if (!this.#goesWrong()) return this.#cluster.take(batch, expectedOffset);
    if (random.chance(0.05)) this.#cluster.evict();
    if (random.chance(0.5)) return new ApiError(passing[random.below(passing.length)]!, 'not now');
    // Nobody can say: it is in the log, or it is not.
    if (random.chance(0.5)) this.#cluster.take(batch, expectedOffset);
    return new ApiError('OUTCOME_UNKNOWN', 'the leader changed');
  }

  #break(stream: Stream, error: ApiError): void {
    if (!stream.isHeard || this.#stream !== stream) return;
    stream.isHeard = false;
    this.#stream = undefined;
    this.lane!.broke(error);
  }

  #goesWrong(): boolean {
    return !this.#cluster.isHealed && this.#cluster.random.chance(this.#cluster.trouble);
  }

  #delayMs(): number {
    return this.#cluster.random.below(this.#cluster.isHealed ? 5 : 30);
  }
}
