import type { Clock, Timer } from '@commitlog/runtime';
import type { Fence } from './fence.js';
import type { SegmentSet } from './segment-set.js';
import type { SyncedFile } from './synced-file.js';

/** How long SYNCED may be behind on disk. */
const saveAfterMs = 1000;

/** Lets SYNCED follow the active segment: before each group that is written, and on disk a second after the last one. */
export class SyncedMarker {
  readonly #segments: SegmentSet;
  readonly #synced: SyncedFile;
  readonly #fence: Fence;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(parts: {
    readonly segments: SegmentSet;
    readonly synced: SyncedFile;
    readonly fence: Fence;
    readonly clock: Clock;
  }) {
    this.#segments = parts.segments;
    this.#synced = parts.synced;
    this.#fence = parts.fence;
    this.#clock = parts.clock;
  }

  /** Says in SYNCED what is durable by now, before more is written behind it. */
  write(): void {
    const { id: segmentId, bytes: position, end } = this.#segments.active;
    if (this.#synced.latest.segmentId !== segmentId || this.#synced.latest.position !== position) {
      this.#synced.write({ segmentId, position, end });
    }
  }

  async save(): Promise<void> {
    this.write();
    await this.#synced.sync();
  }

  /** Saves it within a second, unless that is about to happen. */
  saveSoon(): void {
    this.#timer ??= this.#clock.after(saveAfterMs, () => void this.#saveNow());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #saveNow(): Promise<void> {
    this.#timer = undefined;
    try {
      this.#fence.check();
      await this.save();
    } catch {
      // A write that failed is tried again with the next group, which is refused if it fails again; a sync closed the fence.
    }
  }
}
