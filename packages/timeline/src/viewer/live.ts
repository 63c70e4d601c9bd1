import type { Timeline } from '../model/timeline.js';
import { nodeOf, type TraceEvent } from '../trace/event.js';
import { parseLine } from '../trace/parse.js';

/** Of what was watched, this much is kept. */
const eventsMax = 100_000;
/** Forgotten at once, so that it is rarely done. */
const eventsForgotten = 5_000;

export type StreamState = 'connecting' | 'open' | 'lost' | 'refused';

/** One server's stream of events. */
export interface Stream {
  readonly url: string;
  state: StreamState;
  /** The node's own name, once it has said so. */
  name: string | null;
  /** Events that came too fast for us. */
  lost: number;
}

interface Hello {
  readonly node: string;
  readonly name: string;
  readonly atMs: number;
  readonly epochMs: number;
  readonly startedEpochMs: number;
}

/** Watches the streams of several nodes as one timeline. */
export class Live {
  readonly streams: readonly Stream[];
  /** Where time begins on the axis, in milliseconds since 1970: when the page was opened. */
  readonly originMs: number = performance.timeOrigin;
  readonly #timeline: Timeline;
  readonly #changed: () => void;

  constructor(urls: readonly string[], timeline: Timeline, changed: () => void) {
    this.#timeline = timeline;
    this.#changed = changed;
    this.streams = urls.map((url) => ({ url, state: 'connecting', name: null, lost: 0 }));
    for (const stream of this.streams) this.#watch(stream);
  }

  /** The present on the time axis. */
  readonly nowMs = (): number => performance.now();

  /** @param before what the server said of itself the last time: whether its process is another one now is seen by that */
  #watch(stream: Stream, before: Hello | null = null): void {
    const source = new EventSource(stream.url);
    let hello = before;
    let newest: TraceEvent | null = null;
    /** This node's clock at the origin of the axis. */
    let offsetMs = 0;
    const add = (event: TraceEvent, atMs: number): void => {
      this.#timeline.add(event, atMs);
      newest = event;
      if (this.#timeline.entries.length > eventsMax + eventsForgotten) this.#timeline.keepLast(eventsMax);
      this.#changed();
    };
    source.addEventListener('hello', ({ data }: MessageEvent<string>) => {
      const last = hello;
      hello = JSON.parse(data) as Hello;
      const atMs = this.#helloMs(hello);
      offsetMs = atMs - hello.atMs;
      stream.name = hello.name;
      stream.state = 'open';
      const hasRestarted = last !== null && last.startedEpochMs !== hello.startedEpochMs;
      if (hasRestarted) add(synthetic('start', 'restart', hello.node, newest), atMs);
      this.#changed();
    });
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const event = parseLine(data, 0);
      add(event, event.atMs + offsetMs);
    });
    source.addEventListener('gap', ({ data }: MessageEvent<string>) => {
      const { lost } = JSON.parse(data) as { lost: number };
      stream.lost += lost;
      if (hello !== null) add(synthetic('gap', `${lost} events came too fast`, hello.node, newest), this.nowMs());
    });
    source.addEventListener('error', () => {
      const wasOpen = stream.state === 'open';
      // The browser tries again by itself, unless it was answered with anything but a stream: then we do.
      stream.state = stream.name === null ? 'refused' : 'lost';
      if (wasOpen && hello !== null)
        add(synthetic('unreachable', 'its stream ended', hello.node, newest), this.nowMs());
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#watch(stream, hello), 2000);
      this.#changed();
    });
  }

  /** Where a node's greeting goes on the axis: by its calendar, or when it came in where that was set back, since its own time never goes back. */
  #helloMs({ node, epochMs }: Hello): number {
    const byCalendarMs = epochMs - this.originMs;
    const lastMs = this.#timeline.lane(nodeOf(node))?.lastEntry?.atMs ?? Number.NEGATIVE_INFINITY;
    return byCalendarMs >= lastMs ? byCalendarMs : Math.max(this.nowMs(), lastMs);
  }
}

/** An event that an onlooker adds to what a node tells of itself. */
function synthetic(event: string, cause: string, node: string, last: TraceEvent | null): TraceEvent {
  const { term = 0, index = 0, commit = 0 } = last ?? {};
  return { v: 1, atMs: 0, node, term, index, commit, event, cause };
}
