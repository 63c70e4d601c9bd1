import {
  ApiError,
  type CallContext,
  type Handlers,
  type LeaderHint,
  logV1,
  type Outgoing,
  offsetOutOfRange,
  requireInteger,
  requireLogName,
  requireOffset,
  toStatus,
} from '@commitlog/api';
import { subjectOf } from '@commitlog/auth';
import { batchBytesMaxDefault, batches, encodeBatch, type RecordView, records, termOf } from '@commitlog/record';
import { producerBatchesMax, type ReadFrom, type ReplicatedLog } from '@commitlog/replicated-log';
import { toApiError } from './errors.js';
import { pipeline } from './pipeline.js';

/** A server of the cluster, as clients are told of it. */
export interface ClusterServer extends LeaderHint {
  readonly isLeader: boolean;
}

export interface LogServiceComponents {
  /** The log of a name; `undefined` where there is none. */
  readonly logOf: (name: string) => ReplicatedLog | undefined;
  /** The servers of the cluster, and the term that the leader among them leads in. */
  readonly servers: () => { readonly servers: readonly ClusterServer[]; readonly term: number };
}

type LogDefinition = typeof logV1.LogDefinition;

/** How many appends of one stream may be under way. What they may take together, the log bounds. */
const inFlightMax = 1024;

/** The public service, on the replicated logs of this node. */
export class LogService implements Handlers<LogDefinition> {
  readonly #with: LogServiceComponents;

  constructor(components: LogServiceComponents) {
    this.#with = components;
  }

  async produce(request: logV1.ProduceRequest, context: CallContext): Promise<logV1.ProduceResponse> {
    return { offset: BigInt(await this.#produce(request, context, context.signal)) };
  }

  async produceStream(
    requests: AsyncIterable<logV1.ProduceRequest>,
    context: CallContext,
    responses: Outgoing<logV1.ProduceResponse>,
  ): Promise<void> {
    const produce = (request: logV1.ProduceRequest) => this.#produce(request, context);
    await pipeline(requests, produce, (offset) => responses.write({ offset: BigInt(offset) }), inFlightMax);
  }

  async consume(request: logV1.ConsumeRequest, { signal }: CallContext): Promise<logV1.ConsumeResponse> {
    const log = this.#log(request.log);
    const offset = requireOffset(request.offset);
    return await this.#told(async () => {
      for await (const [record, term] of recordsOf(log, { from: { offset }, signal })) return responseOf(record, term);
      throw offsetOutOfRange(offset, { start: log.firstOffset, end: log.endOffset });
    });
  }

  async consumeStream(
    request: logV1.ConsumeRequest,
    { signal }: CallContext,
    responses: Outgoing<logV1.ConsumeResponse>,
  ): Promise<void> {
    const log = this.#log(request.log);
    const from = { offset: requireOffset(request.offset) };
    await this.#told(async () => {
      for await (const [record, term] of recordsOf(log, { from, follow: true, signal })) {
        await responses.write(responseOf(record, term));
      }
    });
  }

  async getServers(): Promise<logV1.GetServersResponse> {
    const { servers, term } = this.#with.servers();
    return {
      servers: servers.map(({ id, address, isLeader }) => ({ id, rpcAddr: address, isLeader })),
      term: BigInt(term),
    };
  }

  async append(
    requests: AsyncIterable<logV1.AppendRequest>,
    context: CallContext,
    responses: Outgoing<logV1.AppendResponse>,
  ): Promise<void> {
    const append = (request: logV1.AppendRequest) => this.#append(request, context);
    await pipeline(requests, append, (response) => responses.write(response), inFlightMax);
  }

  async read(
    request: logV1.ReadRequest,
    { signal }: CallContext,
    responses: Outgoing<logV1.ReadResponse>,
  ): Promise<void> {
    const log = this.#log(request.log);
    const { follow, responseBytesMax } = request;
    const options = {
      from: fromOf(request),
      follow,
      signal,
      // A client whose stream breaks off at once must know where to go on.
      tellsBeginning: true,
      linearizable: request.consistency === logV1.Consistency.LINEARIZABLE,
      maxBytes: Math.min(responseBytesMax === 0 ? batchBytesMaxDefault : responseBytesMax, batchBytesMaxDefault),
    };
    await this.#told(async () => {
      for await (const { bytes, nextOffset } of log.read(options)) {
        const endOffset = Math.max(nextOffset, log.endOffset);
        await responses.write({ batches: bytes, nextOffset: BigInt(nextOffset), endOffset: BigInt(endOffset) });
      }
    });
  }

  async openProducer(
    request: logV1.OpenProducerRequest,
    { principal, signal }: CallContext,
  ): Promise<logV1.OpenProducerResponse> {
    const log = this.#log(request.log);
    const options = { subject: subjectOf(principal), name: request.name, signal };
    const { producerId, producerEpoch } = await this.#told(() => log.openProducer(options));
    return { producerId: BigInt(producerId), epoch: producerEpoch, inFlightMax: producerBatchesMax };
  }

  /** @param signal of a call with one append: the many of a stream, whose end they do not outlive by much, wait without */
  async #produce(
    { log: name, record }: logV1.ProduceRequest,
    { principal }: CallContext,
    signal?: AbortSignal,
  ): Promise<number> {
    const log = this.#log(name);
    if (record === undefined) {
      throw new ApiError('INVALID_REQUEST', 'expected a record, got none', { metadata: { field: 'record' } });
    }
    const { offset } = await this.#told(async () =>
      log.append(encodeBatch([{ value: record.value }]), { subject: subjectOf(principal), ...(signal && { signal }) }),
    );
    return offset;
  }

  /** A batch that is refused has its reason as its answer: those that follow it are judged by themselves. */
  async #append(request: logV1.AppendRequest, { principal, signal }: CallContext): Promise<logV1.AppendResponse> {
    try {
      const log = this.#log(request.log);
      const { expectedOffset } = request;
      // It is stamped in place, and kept until it is written: the message that it came in is nobody else's.
      const batch = Buffer.from(request.batch.buffer, request.batch.byteOffset, request.batch.length);
      const { offset, term, time, isDuplicate } = await this.#told(() =>
        log.append(batch, {
          subject: subjectOf(principal),
          ...(expectedOffset !== undefined && { expectedOffset: requireOffset(expectedOffset) }),
        }),
      );
      const appended = {
        baseOffset: BigInt(offset),
        term: BigInt(term),
        appendTimeMs: BigInt(time),
        isDuplicate,
      };
      return { result: { $case: 'appended', value: appended } };
    } catch (error) {
      if (!(error instanceof ApiError) || signal.aborted) throw error;
      return { result: { $case: 'error', value: toStatus(error) } };
    }
  }

  /** @throws ApiError `INVALID_LOG_NAME`, `LOG_NOT_FOUND` */
  #log(name: string): ReplicatedLog {
    const known = requireLogName(name);
    const log = this.#with.logOf(known);
    if (log !== undefined) return log;
    throw new ApiError('LOG_NOT_FOUND', `there is no log "${known}"`, { metadata: { log: known } });
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toApiError(error, (node) => this.#with.servers().servers.find(({ id }) => id === node));
    }
  }
}

type RecordsOptions = Parameters<ReplicatedLog['read']>[0];

/** Each record, and the term of its batch. */
async function* recordsOf(
  log: ReplicatedLog,
  options: RecordsOptions,
): AsyncGenerator<[RecordView, number], void, undefined> {
  for await (const { bytes, firstOffset } of log.read(options)) {
    for (const batch of batches(bytes, { isChecked: true, batchBytesMax: bytes.length })) {
      const term = termOf(batch);
      for (const record of records(batch)) if (record.offset >= firstOffset) yield [record, term];
    }
  }
}

function responseOf({ value, offset }: RecordView, term: number): logV1.ConsumeResponse {
  return { record: { value, offset: BigInt(offset), term: BigInt(term), type: 0 } };
}

/** @throws ApiError for what is no place to begin */
function fromOf({ from }: logV1.ReadRequest): ReadFrom {
  switch (from?.$case) {
    case undefined:
      return 'start';
    case 'offset':
      return { offset: requireOffset(from.value) };
    case 'timeMs':
      return { time: requireInteger('time_ms', from.value, Number.MIN_SAFE_INTEGER) };
    case 'last':
      return { last: requireInteger('last', from.value) };
    case 'start':
    case 'end':
      if (from.value) return from.$case;
      throw new ApiError('INVALID_REQUEST', `${from.$case} must be true, or unset`, {
        metadata: { field: from.$case },
      });
  }
}
