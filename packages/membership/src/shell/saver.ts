import type { Clock, Timer } from '@commitlog/runtime';
import type { SavedState, Store } from './saved-state.js';

/** Changes that come closer together than this are saved together. */
const saveAfterMs = 500;

/** Saves what changed, soon, and one time after the other. */
export class Saver {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #current: () => SavedState;
  readonly #failed: (error: unknown) => void;
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(components: {
    readonly store: Store;
    readonly clock: Clock;
    readonly current: () => SavedState;
    readonly failed: (error: unknown) => void;
  }) {
    this.#store = components.store;
    this.#clock = components.clock;
    this.#current = components.current;
    this.#failed = components.failed;
  }

  saveSoon(): void {
    this.#timer ??= this.#clock.after(saveAfterMs, () => void this.saveNow());
  }

  /** Never throws: what cannot be saved now is saved with the next change. */
  saveNow(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#saving = this.#saving
      .then(() => this.#store.save(this.#current()))
      .catch((error) => {
        try {
          this.#failed(error);
        } catch {
          // Whoever is told of a problem and fails at that is not asked again: saving goes on.
        }
      });
    return this.#saving;
  }
}
