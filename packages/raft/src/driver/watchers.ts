import type { RaftCore, TraceEvent, TraceSink } from '../core/index.js';
import { callSafely, type ProblemSink } from './problem.js';

interface Reporting {
  readonly group: string | null;
  readonly report: ProblemSink;
}

/** Who is told of every event of a group. The core makes events only while there is somebody. */
export class Watchers {
  readonly #core: Pick<RaftCore, 'traceTo'>;
  readonly #reporting: Reporting;
  readonly #sinks: Set<TraceSink> = new Set();

  constructor(core: Pick<RaftCore, 'traceTo'>, reporting: Reporting) {
    this.#core = core;
    this.#reporting = reporting;
  }

  /**
   * @param first what it is told at once
   * @returns ends it
   */
  add(sink: TraceSink, first: readonly TraceEvent[] = []): () => void {
    // In the middle of a step, an exception would leave the core half changed.
    const safe: TraceSink = (event) => callSafely('trace', this.#reporting, () => sink(event));
    for (const event of first) safe(event);
    this.#sinks.add(safe);
    this.#core.traceTo(this.#tell);
    return () => {
      this.#sinks.delete(safe);
      if (this.#sinks.size === 0) this.#core.traceTo(undefined);
    };
  }

  readonly #tell: TraceSink = (event) => {
    for (const sink of this.#sinks) sink(event);
  };
}
