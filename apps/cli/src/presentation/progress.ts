import type { Clock } from '@commitlog/runtime';
import type { Output } from '../world.js';

/** How often the line is drawn anew, in ms. */
const redrawMs = 100;
const clearLine = '\r\u001b[K';

/** One line that says how far a long job is, for people only: nothing goes into a pipe or a file. */
export class Progress {
  readonly #output: Output;
  readonly #clock: Clock;
  #drawnMs: number | undefined;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  /** @param line such as `verifying: 3.0 MB of 4.0 MB, 75 %`; asked for when it is drawn only */
  show(line: () => string): void {
    if (!this.#output.isTerminal) return;
    const nowMs = this.#clock.monotonicMs();
    if (this.#drawnMs !== undefined && nowMs - this.#drawnMs < redrawMs) return;
    this.#drawnMs = nowMs;
    this.#output.write(`${clearLine}${line()}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#drawnMs !== undefined) this.#output.write(clearLine);
    this.#drawnMs = undefined;
  }
}
