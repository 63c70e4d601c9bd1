import type { Clock } from '@commitlog/runtime';
import { segmentHeaderBytes } from './format/segment-header.js';

/** When a segment is sealed. */
export interface SegmentLimits {
  /** A segment that would grow beyond is sealed first. */
  readonly segmentBytes: number;
  /** So is one whose first batch is this old, in ms; `undefined`: never for its age. */
  readonly segmentMs: number | undefined;
}

/** The active segment as it will be once all that waits is written. */
export class SegmentPlan {
  #bytes: number;
  /** The append time of its first batch. */
  #firstTime: number | undefined;

  constructor({ bytes, firstTime }: { readonly bytes: number; readonly firstTime: number | undefined }) {
    this.#bytes = bytes;
    this.#firstTime = firstTime;
  }

  /** Whether the segment is to be sealed before a batch of so many bytes. An empty one takes any batch. */
  isDue(bytes: number, { segmentBytes, segmentMs }: SegmentLimits, clock: Clock): boolean {
    if (this.#firstTime === undefined) return false;
    const isFull = this.#bytes + bytes > segmentBytes;
    return isFull || (segmentMs !== undefined && clock.wallMs() - this.#firstTime >= segmentMs);
  }

  take(bytes: number, appendTime: number): void {
    this.#bytes += bytes;
    this.#firstTime ??= appendTime;
  }

  roll(): void {
    this.#bytes = segmentHeaderBytes;
    this.#firstTime = undefined;
  }

  copy(): SegmentPlan {
    return new SegmentPlan({ bytes: this.#bytes, firstTime: this.#firstTime });
  }
}
