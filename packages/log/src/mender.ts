import { inspect } from 'node:util';
import { LogError } from './errors.js';
import { type FetchBatches, mendSegment } from './mending.js';
import type { Segment, SegmentHome } from './segment.js';
import { notLive, type SegmentSet } from './segment-set.js';
import type { Writer } from './writer.js';

/** Mends damaged segments while the log is in use: appends go on, and only the exchange of the files takes its turn among the writes. */
export class Mender {
  readonly #home: SegmentHome;
  readonly #segments: SegmentSet;
  readonly #writer: Writer;
  readonly #underWay = new Set<{ readonly stopping: AbortController; readonly settled: Promise<void> }>();

  constructor(home: SegmentHome, segments: SegmentSet, writer: Writer) {
    this.#home = home;
    this.#segments = segments;
    this.#writer = writer;
  }

  /** @throws LogError `mend`: nothing was changed */
  async mend(segmentId: number, fetch: FetchBatches): Promise<void> {
    const stopping = new AbortController();
    const mending = this.#mend(segmentId, (first, last) => untilAborted(() => fetch(first, last), stopping.signal));
    const underWay = { stopping, settled: mending.catch(() => {}) };
    this.#underWay.add(underWay);
    try {
      await mending;
    } finally {
      this.#underWay.delete(underWay);
    }
  }

  /** Gives up what still waits for batches: whoever asked for it gets `reason`. */
  async stop(reason: LogError): Promise<void> {
    for (const { stopping } of this.#underWay) stopping.abort(reason);
    await Promise.all([...this.#underWay].map(({ settled }) => settled));
  }

  async #mend(segmentId: number, fetch: FetchBatches): Promise<void> {
    const segments = this.#segments;
    const find = (): Segment | undefined => segments.all.find(({ id }) => id === segmentId);
    if (find() === segments.active) await this.#writer.sealActive();
    // Still active: it is empty, and there is nothing to mend.
    if (find() === segments.active) return;
    const damaged = find();
    if (damaged === undefined) throw new LogError('mend', `there is no segment ${segmentId}: see the log's damage`);
    try {
      const mended = await mendSegment(this.#home, damaged, segments.takeId(), fetch);
      await this.#writer.change(() => segments.replace(damaged, mended));
    } catch (error) {
      // What was trimmed or truncated meanwhile can no longer be read, nor need it be.
      throw segments.all.includes(damaged) ? error : notLive(damaged);
    }
  }
}

/** What is iterated, until the signal is aborted: an answer that may never come is not waited for. */
async function* untilAborted<T>(
  iterate: () => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const batches: AsyncIterable<T> | undefined = iterate();
  if (typeof batches?.[Symbol.asyncIterator] !== 'function') {
    throw new LogError(
      'mend',
      `expected an async iterable of batches from fetch, got ${inspect(batches, { depth: 0 })}`,
    );
  }
  const iterator = batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), aborted]);
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: it may wait for the same answer.
    aborted.catch(() => {});
    iterator.return?.()?.catch(() => {});
  }
}
