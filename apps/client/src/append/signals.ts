import type { Entry } from './pending.js';

/** Appends that can be given up, by the signal that gives them up: it has one listener, however many they are. */
export class Signals {
  readonly #entries = new Map<AbortSignal, Set<Entry>>();
  readonly #onAbort: (signal: AbortSignal, entries: ReadonlySet<Entry>) => void;

  /** @param onAbort told of all that a signal gives up, at once */
  constructor(onAbort: (signal: AbortSignal, entries: ReadonlySet<Entry>) => void) {
    this.#onAbort = onAbort;
  }

  /** Until the entry is unlinked. */
  link(entry: Entry, signal: AbortSignal): void {
    const entries = this.#entries.get(signal) ?? this.#listen(signal);
    entries.add(entry);
    entry.unlink = () => {
      entries.delete(entry);
      if (entries.size > 0 || this.#entries.get(signal) !== entries) return;
      this.#entries.delete(signal);
      signal.removeEventListener('abort', this.#aborted);
    };
  }

  #listen(signal: AbortSignal): Set<Entry> {
    const entries = new Set<Entry>();
    signal.addEventListener('abort', this.#aborted, { once: true });
    this.#entries.set(signal, entries);
    return entries;
  }

  readonly #aborted = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    const entries = this.#entries.get(signal);
    this.#entries.delete(signal);
    if (entries !== undefined) this.#onAbort(signal, entries);
  };
}
