import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { timelinePage } from '@commitlog/timeline';
import type { NodeProcess } from './cluster.js';

/** As many as the live page remembers. */
const eventsMax = 100_000;
const askAgainMs = 100;

/** What a stream's `hello` says (`docs/trace.md`), of what is needed here. */
interface Hello {
  readonly atMs: number;
  readonly epochMs: number;
}

interface Recorded {
  /** From the node's clock to the calendar's. */
  readonly originMs: number;
  readonly json: string;
}

/** Listens to the traces of nodes while they run, and leaves the last of them as one timeline, for whoever wants to know why a run has failed. */
export class TraceRecorder {
  readonly #abort = new AbortController();
  #events: Recorded[] = [];

  constructor(nodes: readonly NodeProcess[]) {
    for (const node of nodes) void this.#follow(node);
  }

  stop(): void {
    this.#abort.abort();
  }

  /**
   * @param file the page; its folder is made if need be
   * @returns what to tell people, in a line
   */
  async leave(title: string, file: string): Promise<string> {
    const events = this.#events
      .map(({ originMs, json }) => {
        const event = JSON.parse(json) as { readonly atMs: number };
        return { ...event, atMs: event.atMs + originMs };
      })
      .toSorted((one, other) => one.atMs - other.atMs);
    const beganMs = events[0]?.atMs ?? 0;
    const lines = events.map((event) => JSON.stringify({ ...event, atMs: event.atMs - beganMs }));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, timelinePage({ title, events: lines }));
    return `its timeline: ${file}`;
  }

  /** A node that ends, or does not answer yet, is asked again: whoever runs by then says so. */
  async #follow(node: NodeProcess): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const response = await fetch(`http://127.0.0.1:${node.adminPort}/trace`, { signal }).catch(() => undefined);
      if (response?.ok && response.body !== null) await this.#record(response.body);
      await sleep(askAgainMs, undefined, { signal }).catch(() => {});
    }
  }

  async #record(body: ReadableStream<Uint8Array>): Promise<void> {
    let hello: Hello | undefined;
    let last: string | undefined;
    try {
      for await (const { name, data } of serverSentEvents(body)) {
        if (name === 'hello') hello = JSON.parse(data) as Hello;
        if (name !== 'message' || hello === undefined) continue;
        this.#add(hello, data);
        last = data;
      }
    } catch {
      // Cut off in the middle: its process was killed.
    }
    if (hello === undefined || last === undefined) return;
    // An onlooker can say no more than that; the next stream begins with how the node is by then.
    const atMs = Date.now() - hello.epochMs + hello.atMs;
    const { v, node, term, index, commit } = JSON.parse(last) as Record<string, unknown>;
    const ended = { v, atMs, node, term, index, commit, event: 'crash', cause: 'its trace has ended' };
    this.#add(hello, JSON.stringify(ended));
  }

  #add({ epochMs, atMs }: Hello, json: string): void {
    this.#events.push({ originMs: epochMs - atMs, json });
    if (this.#events.length > 2 * eventsMax) this.#events = this.#events.slice(-eventsMax);
  }
}

interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

/** Those of a stream, as the HTML standard says (§9.2), where each has one line of data. */
async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data !== undefined) yield { name: /^event: (.*)$/m.exec(block)?.[1] ?? 'message', data };
    }
  }
}
