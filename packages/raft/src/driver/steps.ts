import type { Effect, Input } from '../core/index.js';

/** Told what a step came to, before any other step runs; null where it never ran, since the member had ended. */
export type Tell = (effects: readonly Effect[] | null) => void;

/** What a step is to take, asked for when its turn comes; null where nothing is left to do. */
export type Ask = () => Input | null;

interface Waiting {
  readonly ask: Ask;
  readonly tell: Tell | undefined;
}

/** Hands inputs to the core one after the other: effects that call back at once wait until all of their step's have been started. */
export class Steps {
  readonly #step: (input: Input) => readonly Effect[] | null;
  readonly #waiting: Waiting[] = [];
  #isStepping = false;

  /** @param step takes one input, carries out its effects, and returns them; null: the member has ended */
  constructor(step: (input: Input) => readonly Effect[] | null) {
    this.#step = step;
  }

  run(input: Input, tell?: Tell): void {
    this.runAsked(() => input, tell);
  }

  /** Decides what the step takes when it comes to it: what came before may have changed that. */
  runAsked(ask: Ask, tell?: Tell): void {
    if (this.#isStepping) this.#waiting.push({ ask, tell });
    else this.#runAll({ ask, tell });
  }

  /** Runs ahead of all that waits: for whoever is being told of a step, and goes on with a part of what that was about. */
  runNext(input: Input, tell: Tell): void {
    this.#waiting.unshift({ ask: () => input, tell });
  }

  #runAll(first: Waiting): void {
    this.#isStepping = true;
    for (let next: Waiting | undefined = first; next !== undefined; next = this.#waiting.shift()) {
      const input = next.ask();
      if (input === null) continue;
      const effects = this.#step(input);
      next.tell?.(effects);
    }
    this.#isStepping = false;
  }
}
