import type { Effect, Input } from '../core/index.js';

/** Told what a step came to, before any other step runs; null where it never ran, since the member had ended. */
export type Tell = (effects: readonly Effect[] | null) => void;

/** Hands inputs to the core one after the other: effects that call back at once wait until all of their step's have been started. */
export class Steps {
  readonly #step: (input: Input) => readonly Effect[] | null;
  #waiting: { readonly input: Input; readonly tell: Tell | undefined }[] = [];
  #isStepping = false;

  /** @param step takes one input, carries out its effects, and returns them; null: the member has ended */
  constructor(step: (input: Input) => readonly Effect[] | null) {
    this.#step = step;
  }

  run(input: Input, tell?: Tell): void {
    if (this.#isStepping) {
      this.#waiting.push({ input, tell });
      return;
    }
    this.#isStepping = true;
    this.#one(input, tell);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#one(next.input, next.tell);
    }
    this.#isStepping = false;
  }

  #one(input: Input, tell: Tell | undefined): void {
    const effects = this.#step(input);
    tell?.(effects);
  }
}
