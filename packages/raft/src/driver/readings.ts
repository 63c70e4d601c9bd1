import type { Index } from '../core/index.js';
import { RaftError } from './errors.js';

/** Whoever asked for a linearizable read. */
export interface Reading {
  readonly resolve: (index: Index) => void;
  readonly reject: (error: RaftError) => void;
}

/** Linearizable reads under way: first a leader confirms the index, then the state machine has to get there. */
export class Readings {
  #tokens = 0;
  readonly #asked: Map<number, Reading> = new Map();
  #confirmed: (Reading & { readonly index: Index })[] = [];

  /** Returns the token by which the core will speak of it. */
  open(reading: Reading): number {
    this.#tokens += 1;
    this.#asked.set(this.#tokens, reading);
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
    reading?.reject(new RaftError('ERR_RAFT_READ_REFUSED', `no leader confirmed this read: ${reason}`));
  }

  /** Everything up to `index` is in the state machine. */
  applied(index: Index): void {
    if (this.#confirmed.length === 0) return;
    const ready = this.#confirmed.filter((each) => each.index <= index);
    this.#confirmed = this.#confirmed.filter((each) => each.index > index);
    for (const each of ready) each.resolve(each.index);
  }

  /** Nothing more will be heard. */
  end(reason: string): void {
    const left = [...this.#asked.values(), ...this.#confirmed.splice(0)];
    this.#asked.clear();
    for (const { reject } of left) reject(new RaftError('ERR_RAFT_STOPPED', reason));
  }
}
