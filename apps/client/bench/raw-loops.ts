import { ApiChannel, ApiError, type ChannelCredentials, logV1 } from '@commitlog/api';
import { batches, encodeBatch, records } from '@commitlog/record';

const value = Buffer.alloc(256, 'x');

/** The same calls without the SDK: bare loops over streams, which lose what a broken connection loses. */
export class RawLoops {
  readonly #leader: ApiChannel;
  readonly #followers: readonly ApiChannel[];

  constructor(
    addresses: { readonly leader: string; readonly followers: readonly string[] },
    credentials: ChannelCredentials,
  ) {
    this.#leader = new ApiChannel({ target: addresses.leader }, { credentials });
    this.#followers = addresses.followers.map((target) => new ApiChannel({ target }, { credentials }));
  }

  close(): void {
    for (const channel of [this.#leader, ...this.#followers]) channel.close();
  }

  /** Resolves when every follower has all that is committed: one that fell behind under load has that before it is read from. */
  async caughtUp(): Promise<void> {
    for (const follower of this.#followers) {
      for (let tries = 1; ; tries += 1) {
        try {
          for await (const _ of lastOf(follower, 1)) {
            // What it says does not matter.
          }
          break;
        } catch (error) {
          if (tries === 24 || !(error instanceof ApiError) || error.code !== 'NO_LEADER') throw error;
        }
      }
    }
  }

  /** Batches of so many, so many in flight; records a second. */
  async batchesOf(count: number, inFlight: number, ms: number): Promise<number> {
    const { send, answered, end } = await this.#stream(count);
    const beganMs = performance.now();
    let done = 0;
    for (let at = 0; at < inFlight; at += 1) send();
    for (let open = inFlight; open > 0; ) {
      await answered();
      done += count;
      if (performance.now() - beganMs < ms) send();
      else open -= 1;
    }
    end();
    return Math.round((done * 1000) / (performance.now() - beganMs));
  }

  /** One record in a batch, one batch after the other. */
  async singles(): Promise<{ readonly act: () => Promise<void>; readonly end: () => void }> {
    const { send, answered, end } = await this.#stream(1);
    const act = async (): Promise<void> => {
      send();
      await answered();
    };
    return { act, end };
  }

  /** The last records, so many of them: how many a second. */
  async read(count: number): Promise<number> {
    const beganMs = performance.now();
    let [found, bytes] = [0, 0];
    for await (const { batches: received } of lastOf(this.#followers[0]!, count)) {
      const stored = Buffer.from(received.buffer, received.byteOffset, received.length);
      for (const batch of batches(stored)) {
        for (const record of records(batch)) {
          found += 1;
          bytes += record.value.length;
        }
      }
    }
    if (found < count || bytes < count) throw new Error(`read ${found} records, expected ${count}`);
    return Math.round((found * 1000) / (performance.now() - beganMs));
  }

  async #stream(count: number) {
    const log = this.#leader.client(logV1.LogDefinition);
    const { producerId, epoch } = await log.openProducer({ name: '', log: '' });
    const all = Array.from({ length: count }, () => ({ value }));
    const stream = log.append();
    const answers = stream[Symbol.asyncIterator]();
    let baseSequence = 0;
    const send = (): void => {
      const batch = encodeBatch(all, { producerId: Number(producerId), producerEpoch: epoch, baseSequence });
      baseSequence += count;
      void stream.write({ log: '', batch });
    };
    const answered = async (): Promise<void> => {
      const { value: answer } = await answers.next();
      if (answer?.result?.$case !== 'appended') throw new Error(`an append failed: ${JSON.stringify(answer)}`);
    };
    return { send, answered, end: () => stream.end() };
  }
}

function lastOf(server: ApiChannel, count: number): AsyncIterable<logV1.ReadResponse> {
  const from = { $case: 'last', value: BigInt(count) } as const;
  const consistency = logV1.Consistency.LINEARIZABLE;
  return server.client(logV1.LogDefinition).read({ log: '', from, follow: false, consistency, responseBytesMax: 0 });
}
