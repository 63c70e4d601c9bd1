import type { MemberId } from '../core/index.js';

interface Transfer {
  readonly to: MemberId;
  readonly resolve: (isDone: boolean) => void;
}

/** Callers who wait to hear whether leadership was handed over. */
export class Transfers {
  #asked: Transfer[] = [];

  add(to: MemberId, resolve: (isDone: boolean) => void): void {
    this.#asked.push({ to, resolve });
  }

  /** The transfer to `to` is over. Another, asked for meanwhile, may be under way. */
  ended(to: MemberId, isDone: boolean): void {
    const ended = this.#asked.filter((transfer) => transfer.to === to);
    this.#asked = this.#asked.filter((transfer) => transfer.to !== to);
    for (const { resolve } of ended) resolve(isDone);
  }

  /** Nothing more will be heard. */
  end(): void {
    for (const { resolve } of this.#asked.splice(0)) resolve(false);
  }
}
