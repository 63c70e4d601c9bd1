import type { MemberId, TraceSink } from '@commitlog/raft';
import type { Clock, Timer } from '@commitlog/runtime';

/** Somebody to whom text is sent as it comes. */
export interface StreamReader {
  /** Whether part of what was written before has not left yet. */
  readonly isBehind: boolean;
  write(text: string): void;
  /** Nothing comes any more. */
  end(): void;
}

/** What is watched. */
export interface TraceSource {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly member: { readonly self: MemberId; watch(sink: TraceSink): () => void };
}

/** So many watch one node at most. */
export const viewersMax = 8;
/** What waits for one viewer at most, in UTF-16 units: with more, events are lost, and that is told. */
const waitingMax = 1024 * 1024;
/** How often what has happened is sent: so many events go together. */
const sendEveryMs = 25;
/** How long nothing is said at most, so that both ends know that the other is there. */
const quietMsMax = 5000;

/**
 * The trace of a node, for those who watch it now, as server-sent events (HTML standard §9.2): `hello`, how the node is, then one message for
 * each event of docs/trace.md. While nobody watches, no event is made.
 */
export class TraceStreams {
  readonly #clock: Clock;
  readonly #startedEpochMs: number;
  readonly #viewers: Set<Viewer> = new Set();
  #source: TraceSource | undefined;
  #unwatch: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
    this.#startedEpochMs = clock.wallMs();
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** From now on there is something to watch. */
  start(source: TraceSource): void {
    this.#source = source;
  }

  /** Ends all streams, after what has happened by now. */
  close(): void {
    this.#source = undefined;
    for (const viewer of [...this.#viewers]) {
      viewer.flush(this.#clock.monotonicMs());
      this.#leave(viewer);
      viewer.reader.end();
    }
  }

  /** Why nobody else can watch now; `undefined` if somebody can. */
  get refusal(): string | undefined {
    if (this.#source === undefined)
      return 'this node is starting or stopping: there is nothing to watch yet, or any more';
    if (this.#viewers.size < viewersMax) return undefined;
    return `${viewersMax} watch this node already: close a page that does`;
  }

  /** Begins a stream, where nothing speaks against it. @returns to be called once the reader has gone */
  open(reader: StreamReader): () => void {
    if (this.#source === undefined || this.refusal !== undefined) {
      reader.end();
      return () => {};
    }
    const { member } = this.#source;
    const viewer = new Viewer(reader, this.#clock.monotonicMs());
    viewer.add(`retry: 1000\n${eventOf(this.#hello(this.#source), 'hello')}`);
    // Whoever begins is told how the node is, and nobody else is told again.
    member.watch((event) => viewer.add(eventOf(event)))();
    viewer.flush(this.#clock.monotonicMs());
    this.#viewers.add(viewer);
    this.#unwatch ??= watchOn(member, (text) => {
      for (const each of this.#viewers) each.add(text);
    });
    if (this.#timer === undefined) this.#arm();
    return () => this.#leave(viewer);
  }

  #hello({ clusterId, nodeId, member }: TraceSource): object {
    const [atMs, epochMs] = [this.#clock.monotonicMs(), this.#clock.wallMs()];
    return { v: 1, node: member.self, name: nodeId, clusterId, atMs, epochMs, startedEpochMs: this.#startedEpochMs };
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.after(sendEveryMs, () => {
      const nowMs = this.#clock.monotonicMs();
      for (const viewer of this.#viewers) viewer.flush(nowMs);
      if (this.#viewers.size > 0) this.#arm();
    });
  }
}

/** One who watches: what happened since the last time something was sent, and how much of it was lost. */
class Viewer {
  readonly reader: StreamReader;
  #waiting: string[] = [];
  #length = 0;
  #lost = 0;
  #sentAtMs: number;

  constructor(reader: StreamReader, nowMs: number) {
    this.reader = reader;
    this.#sentAtMs = nowMs;
  }

  add(text: string): void {
    // Once one is lost, so is all that follows it, until that was told: the gap is in one place.
    if (this.#lost > 0 || this.#length + text.length > waitingMax) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(text);
    this.#length += text.length;
  }

  flush(nowMs: number): void {
    if (this.reader.isBehind) return;
    if (this.#lost > 0) this.#waiting.push(eventOf({ lost: this.#lost }, 'gap'));
    if (this.#waiting.length === 0 && nowMs - this.#sentAtMs >= quietMsMax) this.#waiting.push(': still here\n\n');
    if (this.#waiting.length === 0) return;
    this.reader.write(this.#waiting.join(''));
    this.#waiting = [];
    this.#length = 0;
    this.#lost = 0;
    this.#sentAtMs = nowMs;
  }
}

/** Told of each event once, as text, but for those that say how the member is: whoever begins to watch is told these by itself. */
function watchOn(member: TraceSource['member'], tell: (text: string) => void): () => void {
  let hasBegun = false;
  const unwatch = member.watch((event) => {
    if (hasBegun) tell(eventOf(event));
  });
  hasBegun = true;
  return unwatch;
}

function eventOf(data: object, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}
