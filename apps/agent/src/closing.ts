import type { Logger } from './observability/logger.js';

/** What has to be closed, in the reverse of the order in which it was opened. */
export class Closing {
  readonly #steps: { readonly what: string; readonly close: () => unknown }[] = [];
  readonly #logger: Logger;

  constructor({ logger }: { readonly logger: Logger }) {
    this.#logger = logger;
  }

  add(what: string, close: () => unknown): void {
    this.#steps.push({ what, close });
  }

  /** One that fails is told, and does not keep the others from being closed. */
  async closeAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.close();
      } catch (error) {
        this.#logger.error({ error }, `${step.what} did not close as it should`);
      }
    }
  }
}
