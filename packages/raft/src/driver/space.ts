import type { Clock, Timer } from '@commitlog/runtime';
import type { RaftStorage } from './storage.js';

/** How long to wait before asking a full disk again. */
const retryMs = 1000;

/** Asks a disk that was full, again and again, until there is room. */
export class Space {
  readonly #components: { readonly storage: Pick<RaftStorage, 'hasSpace'>; readonly clock: Clock };
  readonly #events: { readonly ready: () => void; readonly failed: (error: unknown) => void };
  #timer: Timer | null = null;
  #isEnded = false;

  constructor(
    components: { readonly storage: Pick<RaftStorage, 'hasSpace'>; readonly clock: Clock },
    events: { readonly ready: () => void; readonly failed: (error: unknown) => void },
  ) {
    this.#components = components;
    this.#events = events;
  }

  /** Told once there is room, or the disk fails; the same question serves all who wait. */
  wait(): void {
    if (this.#isEnded) return;
    this.#timer ??= this.#components.clock.after(retryMs, () => {
      this.#timer = null;
      this.#ask().catch(this.#events.failed);
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    if (await this.#components.storage.hasSpace()) this.#events.ready();
    else this.wait();
  }
}
