import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, adminV1, fromStatus, logV1, type ServiceClient } from '@commitlog/api';
import { batches, encodeBatch, records } from '@commitlog/record';
import type { NodeProcess, ProcessCluster } from './cluster.js';
import type { HistoryEvent } from './history.js';

/** How long a client waits for an answer before it asks elsewhere. */
const answerMs = 1000;
const retryMs = 20;

/** What clients see of a cluster while things happen to it. */
export class Load {
  readonly history: HistoryEvent[] = [];
  readonly #cluster: ProcessCluster;
  readonly #abort = new AbortController();
  readonly #working: Promise<void>[] = [];
  /** Where the log went on when this began. */
  readonly #from: number;
  #failure: { readonly error: unknown } | undefined;
  #acknowledged = 0;
  /** When batches were acknowledged, of whichever writer, by `performance.now()`. */
  readonly #acknowledgedAtMs: number[] = [];

  private constructor(cluster: ProcessCluster, from: number) {
    this.#cluster = cluster;
    this.#from = from;
  }

  /**
   * Begins at the log's end, which nobody else moves meanwhile: writers that append batches, one after the other each, and send again whatever was
   * not answered; and one reader on each node.
   */
  static async start(
    cluster: ProcessCluster,
    { writers, recordsPerBatch }: { readonly writers: number; readonly recordsPerBatch: number },
  ): Promise<Load> {
    const admin = cluster.client(await cluster.leader(), adminV1.AdminServiceDefinition);
    const from = Number((await admin.getLogInfo({ log: '' })).endOffset);
    const load = new Load(cluster, from);
    // Unique along a log: nobody else began at this offset with a record.
    for (let at = 0; at < writers; at += 1) load.#work(load.#write(`writer ${from}.${at}`, recordsPerBatch));
    for (const node of cluster.nodes) load.#work(load.#read(node));
    return load;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Until so many records more are acknowledged. */
  async acknowledge(more: number, timeoutMs = 180_000): Promise<void> {
    const wanted = this.#acknowledged + more;
    const deadline = performance.now() + timeoutMs;
    while (this.#acknowledged < wanted) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (performance.now() > deadline) {
        throw new Error(`${this.#acknowledged} records acknowledged, expected ${wanted} within ${timeoutMs} ms`);
      }
      await sleep(5);
    }
  }

  /** The longest time without an acknowledgement since then. */
  longestPauseMs(sinceMs: number): number {
    const times = [sinceMs, ...this.#acknowledgedAtMs.filter((atMs) => atMs >= sinceMs)];
    return Math.max(...times.slice(1).map((atMs, at) => atMs - times[at]!), 0);
  }

  /** Every writer's batch under way is told of first, so that nothing is unknown that need not be. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#working);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Adds what every node has when all is over: each record, and a digest of all batches. */
  async collect(): Promise<void> {
    for (const node of this.#cluster.running) {
      const sha256 = createHash('sha256');
      // One that was dialled while it was down is dialled again in a moment only.
      await this.#cluster.channel(this.#cluster.addressOf(node)).connect(30 * answerMs);
      const client = this.#cluster.client(node, logV1.LogDefinition);
      const from = { $case: 'offset' as const, value: BigInt(this.#from) };
      const read = client.read({
        ...{ log: '', from, follow: false, responseBytesMax: 0 },
        consistency: logV1.Consistency.LINEARIZABLE,
      });
      for await (const { batches: bytes } of read) {
        sha256.update(bytes);
        for (const [offset, value] of recordsIn(bytes))
          this.history.push({ kind: 'stored', node: node.name, offset, value });
      }
      this.history.push({ kind: 'digest', node: node.name, sha256: sha256.digest('hex') });
    }
  }

  #work(work: Promise<void>): void {
    this.#working.push(
      work.catch((error: unknown) => {
        this.#failure ??= { error };
      }),
    );
  }

  async #write(client: string, recordsPerBatch: number): Promise<void> {
    const { signal } = this.#abort;
    const producer = await this.#insist(async (log) =>
      log.openProducer({ name: client, log: '' }, { timeoutMs: answerMs }),
    );
    const { producerId, epoch } = producer;
    for (let baseSequence = 0; !signal.aborted; baseSequence += recordsPerBatch) {
      const values = Array.from({ length: recordsPerBatch }, (_, at) => `${client} ${baseSequence + at}`);
      const startMs = performance.now();
      const encode = () =>
        encodeBatch(
          values.map((value) => ({ value: Buffer.from(value.padEnd(64, '.')) })),
          { producerId: Number(producerId), producerEpoch: epoch, baseSequence },
        );
      const base = await this.#insist((log) => appended(log, encode()));
      const endMs = performance.now();
      this.#acknowledged += recordsPerBatch;
      this.#acknowledgedAtMs.push(endMs);
      for (const [at, value] of values.entries()) {
        const outcome = 'acknowledged' as const;
        this.history.push({ kind: 'append', client, value, startMs, endMs, outcome, offset: base + at });
      }
    }
  }

  /**
   * Asks whoever leads, until it has an answer: what is asked does no harm twice. One that has just left a call without an answer is not asked
   * again at once, even where another still takes it for the leader.
   */
  async #insist<T>(ask: (log: LogClient) => Promise<T>): Promise<T> {
    const silentUntilMs = new Map<string, number>();
    const isSilent = (target: string): boolean => (silentUntilMs.get(target) ?? 0) > performance.now();
    let hint: string | undefined;
    for (let tries = 0; ; tries += 1) {
      const { nodes } = this.#cluster;
      const target = hint ?? this.#cluster.addressOf(nodes[tries % nodes.length]!);
      hint = undefined;
      if (isSilent(target)) {
        await sleep(retryMs);
        continue;
      }
      try {
        return await ask(this.#cluster.channel(target).client(logV1.LogDefinition));
      } catch (error) {
        if (!(error instanceof ApiError) || error.retry === 'no') throw error;
        if (error.code === 'DEADLINE_EXCEEDED') silentUntilMs.set(target, performance.now() + answerMs);
        hint = error.leader?.address;
        if (hint === undefined) await sleep(retryMs);
      }
    }
  }

  /** Follows the log on one node, and goes on where it was when the node comes back. */
  async #read(node: NodeProcess): Promise<void> {
    const { signal } = this.#abort;
    const reader = `reader of ${node.name}`;
    let next = this.#from;
    while (!signal.aborted) {
      try {
        const client = this.#cluster.client(node, logV1.LogDefinition);
        const from = { $case: 'offset' as const, value: BigInt(next) };
        const read = client.read({ log: '', from, follow: true, responseBytesMax: 0, consistency: 0 }, { signal });
        for await (const { batches: bytes } of read) {
          for (const [offset, value] of recordsIn(bytes)) {
            if (offset < next) continue;
            this.history.push({ kind: 'read', reader, offset, value });
            next = offset + 1;
          }
        }
      } catch {
        // It is down, or behind: again in a moment.
      }
      await sleep(retryMs);
    }
  }
}

type LogClient = ServiceClient<typeof logV1.LogDefinition>;

/** One batch on a stream of its own. */
async function appended(log: LogClient, batch: Buffer): Promise<number> {
  const stream = log.append({ timeoutMs: answerMs });
  void stream.write({ log: '', batch });
  stream.end();
  for await (const { result } of stream) {
    if (result?.$case === 'appended') return Number(result.value.baseOffset);
    if (result?.$case === 'error') throw fromStatus(result.value);
  }
  throw new ApiError('UNAVAILABLE', 'the stream has ended without an answer');
}

function* recordsIn(bytes: Uint8Array): Generator<[offset: number, value: string]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const batch of batches(buffer)) {
    for (const { offset, value } of records(batch)) yield [offset, value.toString().replace(/\.+$/, '')];
  }
}
