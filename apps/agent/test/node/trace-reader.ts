import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { vi } from 'vitest';

/** One event of a trace, or of its stream. */
export type Told = Readonly<Record<string, unknown>> & { readonly event?: string };

/** What a plain HTTP server answers; unlike `fetch`, it sends whatever headers it is told to. */
export async function ask(
  address: string,
  path: string,
  { method = 'GET', headers = {} }: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const asked = request(`http://${address}${path}`, { method, headers, agent: false });
  asked.end();
  const [response] = await once(asked, 'response');
  let body = '';
  // Streams do not end by themselves: what has come by then is not asked for.
  if (response.headers['content-type'] === 'text/event-stream') response.destroy();
  else for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

/** Reads the trace of a node, as a browser would. */
export class TraceReader {
  readonly events: Told[] = [];
  hello: Told | undefined;
  /** Everything, as it came. */
  text = '';
  hasEnded = false;
  readonly #abort = new AbortController();

  static async open(adminAddress: string, headers: Record<string, string> = {}): Promise<TraceReader> {
    const reader = new TraceReader();
    const response = await fetch(`http://${adminAddress}/trace`, { headers, signal: reader.#abort.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    void reader.#read(response.body!);
    await vi.waitFor(
      () => {
        if (reader.events.length < 2) throw new Error('it has not said how the node is');
      },
      { timeout: 10_000, interval: 5 },
    );
    return reader;
  }

  close(): void {
    this.#abort.abort();
  }

  async until(what: string, is: (event: Told) => boolean): Promise<Told> {
    return await vi.waitFor(
      () => {
        const found = this.events.find(is);
        if (found === undefined) throw new Error(`${what} was not told`);
        return found;
      },
      { timeout: 20_000, interval: 20 },
    );
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const chunk of body) {
        const text = decoder.decode(chunk, { stream: true });
        this.text += text;
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop()!;
        for (const block of blocks) this.#take(block);
      }
    } catch {
      // It was cut: by the node, or by us.
    }
    this.hasEnded = true;
  }

  #take(block: string): void {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) return;
    const told = JSON.parse(data) as Told;
    const name = /^event: (.*)$/m.exec(block)?.[1];
    if (name === undefined) this.events.push(told);
    else if (name === 'hello') this.hello = told;
  }
}
