import type { Clock } from '@commitlog/runtime';
import type { Output } from '../world.js';
import { size } from './quantity.js';

/** How often the line is drawn anew, in ms. */
const redrawMs = 100;
const clearLine = '\r\u001b[K';

/** One line that says how far a long job is, for people only: nothing goes into a pipe or a file. */
export class Progress {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #doing: string;
  #drawnMs: number | undefined;

  /** @param doing such as `verifying` */
  constructor(output: Output, clock: Clock, doing: string) {
    this.#output = output;
    this.#clock = clock;
    this.#doing = doing;
  }

  show(bytes: number, allBytes: number): void {
    if (!this.#output.isTerminal) return;
    const nowMs = this.#clock.monotonicMs();
    if (this.#drawnMs !== undefined && nowMs - this.#drawnMs < redrawMs) return;
    this.#drawnMs = nowMs;
    const percent = allBytes === 0 ? 100 : Math.floor((bytes / allBytes) * 100);
    this.#output.write(`${clearLine}${this.#doing}: ${size(bytes)} of ${size(allBytes)}, ${percent} %`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#drawnMs !== undefined) this.#output.write(clearLine);
  }
}
