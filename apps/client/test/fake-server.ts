import { ApiServer, logV1, type Outgoing, ServerCredentials } from '@commitlog/api';
import { encodeBatch, stampBatch } from '@commitlog/record';

type Read = (request: logV1.ReadRequest, signal: AbortSignal, responses: Outgoing<logV1.ReadResponse>) => Promise<void>;

/** A server that reads as it is told to, and counts who reads. */
export class FakeServer {
  openReads = 0;
  /** What each reader has asked for. */
  readonly requests: logV1.ReadRequest[] = [];
  readonly #server: ApiServer;
  readonly #read: Read;

  private constructor(read: Read, port: number) {
    this.#read = read;
    this.#server = new ApiServer(
      { address: `127.0.0.1:${port}` },
      { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: console.error },
    );
    const none = () => Promise.reject(new Error('not here'));
    this.#server.serve(logV1.LogDefinition, {
      produce: none,
      produceStream: none,
      consume: none,
      consumeStream: none,
      append: none,
      openProducer: none,
      getServers: () => ({ term: 1n, servers: [{ id: 'n1', rpcAddr: this.address, isLeader: true }] }),
      read: async (request, { signal }, responses) => {
        this.openReads += 1;
        this.requests.push(request);
        try {
          await this.#read(request, signal, responses);
        } finally {
          this.openReads -= 1;
        }
      },
    });
  }

  static async start(read: Read, port = 0): Promise<FakeServer> {
    const server = new FakeServer(read, port);
    await server.#server.start();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  get port(): number {
    return this.#server.port!;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

/** A batch as a server has it, whose values are their offsets. */
export function storedBatch(baseOffset: number, count: number, appendTime = 1): Buffer {
  const batch = encodeBatch(Array.from({ length: count }, (_, at) => ({ value: Buffer.from(`${baseOffset + at}`) })));
  stampBatch(batch, { index: baseOffset + 1, term: 1, baseOffset, appendTime });
  return batch;
}

export function response(batches: Buffer, nextOffset: number, endOffset = nextOffset): logV1.ReadResponse {
  return { batches, nextOffset: BigInt(nextOffset), endOffset: BigInt(endOffset) };
}

/** Until the caller has gone. */
export function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

export async function until(what: string, isSo: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
