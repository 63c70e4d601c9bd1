import type { Index } from '../core/index.js';
import { RaftError } from './errors.js';

/** Whoever asked for a linearizable read. */
export interface Reading {
  readonly resolve: (index: Index) => void;
  readonly reject: (error: RaftError) => void;
}

interface Timed extends Reading {
  readonly deadlineMs: number;
}

/** Linearizable reads under way: first a leader confirms the index, then the state machine has to get there. Both have one deadline. */
export class Readings {
  #tokens = 0;
  readonly #asked: Map<number, Timed> = new Map();
  #confirmed: (Timed & { readonly index: Index })[] = [];
  readonly #countMax: number;
  readonly #timeoutMs: number;

  constructor({ readsMax, readTimeoutMs }: { readonly readsMax: number; readonly readTimeoutMs: number }) {
    this.#countMax = readsMax;
    this.#timeoutMs = readTimeoutMs;
  }

  /** Returns the token by which the core will speak of it, or null where too many wait: then it has been refused. */
  open(reading: Reading, nowMs: number): number | null {
    if (this.#asked.size + this.#confirmed.length >= this.#countMax) {
      reading.reject(refusal('overloaded'));
      return null;
    }
    this.#tokens += 1;
    this.#asked.set(this.#tokens, { ...reading, deadlineMs: nowMs + this.#timeoutMs });
    return this.#tokens;
  }

  confirmed(token: number, index: Index, applied: Index): void {
    const reading = this.#asked.get(token);
    this.#asked.delete(token);
    if (reading === undefined) return;
    if (applied >= index) reading.resolve(index);
    else this.#confirmed.push({ index, ...reading });
  }

  refused(token: number, reason: string): void {
    const reading = this.#asked.get(token);
    this.#asked.delete(token);
    reading?.reject(refusal(reason));
  }

  /** Everything up to `index` is in the state machine. */
  applied(index: Index): void {
    if (this.#confirmed.length === 0) return;
    const ready = this.#confirmed.filter((each) => each.index <= index);
    this.#confirmed = this.#confirmed.filter((each) => each.index > index);
    for (const each of ready) each.resolve(each.index);
  }

  /** Time has passed: a state machine that stands still holds no reader for ever. Those being confirmed are the core's to give up. */
  tick(nowMs: number): void {
    if (this.#confirmed.length === 0) return;
    const late = this.#confirmed.filter((each) => each.deadlineMs <= nowMs);
    if (late.length === 0) return;
    this.#confirmed = this.#confirmed.filter((each) => each.deadlineMs > nowMs);
    for (const { reject } of late) reject(refusal('timeout: the state machine has not applied what was committed'));
  }

  /** Nothing more will be heard. */
  end(error: RaftError): void {
    const left = [...this.#asked.values(), ...this.#confirmed.splice(0)];
    this.#asked.clear();
    for (const { reject } of left) reject(error);
  }
}

function refusal(reason: string): RaftError {
  return new RaftError('ERR_RAFT_READ_REFUSED', `this read was refused: ${reason}`);
}
