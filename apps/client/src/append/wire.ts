import { ApiError, fromStatus, type logV1, type ServiceClient } from '@commitlog/api';
import type { Clock, Timer } from '@commitlog/runtime';
import type { Directory } from '../cluster/directory.js';
import type { Lane, Place, Wire } from './lane.js';

export interface ProducerWireInit {
  /** The log's name. */
  readonly log: string;
  /** The producer's. */
  readonly name: string;
  readonly deadlineMs: number;
}

export interface ProducerWireComponents {
  readonly client: ServiceClient<typeof logV1.LogDefinition>;
  readonly directory: Directory;
  readonly clock: Clock;
}

/** After how long without an answer servers are asked whether another leads: a paused leader says nothing, and its connection stands. */
const stallMs = 1000;

/** One stream to the leader at a time, and calls that open the producer. */
export class ProducerWire implements Wire {
  readonly #init: ProducerWireInit;
  readonly #with: ProducerWireComponents;
  readonly #unwatch: () => void;
  #lane: Lane | undefined;
  /** What is under way now: whatever comes of an older one is not heard. */
  #attempt: { readonly abort: AbortController; readonly stream?: AppendStream } | undefined;
  #unanswered = 0;
  #stallTimer: Timer | undefined;
  #leader: string | undefined;

  constructor(init: ProducerWireInit, components: ProducerWireComponents) {
    this.#init = init;
    this.#with = components;
    const { directory } = components;
    this.#leader = directory.leader;
    this.#unwatch = directory.onChange(() => this.#directoryChanged());
  }

  /** Whom to answer. */
  attach(lane: Lane): void {
    this.#lane = lane;
  }

  open(): void {
    const { log, name, deadlineMs } = this.#init;
    const attempt = { abort: new AbortController() };
    this.#attempt = attempt;
    this.#unanswered = 1;
    this.#watchStall();
    const settings = { signal: attempt.abort.signal, timeoutMs: deadlineMs };
    this.#with.client.openProducer({ log, name }, settings).then(
      ({ producerId, epoch, inFlightMax }) => {
        if (!this.#over(attempt)) return;
        this.#lane!.opened({ producerId: Number(producerId), producerEpoch: epoch, inFlightMax });
      },
      (error: unknown) => {
        if (this.#over(attempt)) this.#failed(error, (failure) => this.#lane!.openFailed(failure));
      },
    );
  }

  send(batch: Buffer, expectedOffset: number | undefined): void {
    const stream = this.#attempt?.stream ?? this.#start();
    this.#unanswered += 1;
    this.#watchStall();
    // Not waited for: the lane bounds what is unanswered, and what is wrong with the stream is told by its answers.
    void stream.write({
      log: this.#init.log,
      batch,
      expectedOffset: expectedOffset === undefined ? undefined : BigInt(expectedOffset),
    });
  }

  reset(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.#unanswered = 0;
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
    attempt?.abort.abort();
  }

  /** For good. */
  close(): void {
    this.#unwatch();
    this.reset();
  }

  #start(): AppendStream {
    const abort = new AbortController();
    const attempt = { abort, stream: this.#with.client.append({ signal: abort.signal }) };
    this.#attempt = attempt;
    void this.#receive(attempt);
    return attempt.stream;
  }

  /** Never throws. */
  async #receive(attempt: { readonly abort: AbortController; readonly stream: AppendStream }): Promise<void> {
    let failure: unknown;
    try {
      for await (const { result } of attempt.stream) {
        if (this.#attempt !== attempt) return;
        this.#unanswered -= 1;
        this.#answered(result);
      }
      failure = new ApiError('UNAVAILABLE', 'the server has ended the stream');
    } catch (error) {
      failure = error;
    }
    if (this.#over(attempt)) this.#failed(failure, (error) => this.#lane!.broke(error));
  }

  #answered(result: logV1.AppendResponse['result']): void {
    if (this.#unanswered === 0) this.#stallTimer?.cancel();
    if (this.#unanswered === 0) this.#stallTimer = undefined;
    if (result?.$case === 'appended') {
      this.#lane!.answered(placeOf(result.value));
      return;
    }
    const error = result === undefined ? unsaid() : fromStatus(result.value);
    this.#lane!.answered(error);
    this.#heard(error);
  }

  /** Whether this is the attempt that is waited for; it is none any more. */
  #over(attempt: object): boolean {
    if (this.#attempt !== attempt) return false;
    this.reset();
    return true;
  }

  #failed(error: unknown, tell: (failure: ApiError) => void): void {
    const failure = error instanceof ApiError ? error : new ApiError('UNKNOWN', String(error), { cause: error });
    tell(failure);
    this.#heard(failure);
  }

  /** Whoever does not lead may say who does; otherwise all are asked. */
  #heard({ leader, grpc }: ApiError): void {
    if (leader !== undefined) this.#with.directory.hinted(leader);
    else if (grpc === 'UNAVAILABLE' || grpc === 'CANCELLED' || grpc === 'UNKNOWN') void this.#with.directory.refresh();
  }

  #directoryChanged(): void {
    const { leader } = this.#with.directory;
    if (leader === undefined || leader === this.#leader) return;
    this.#leader = leader;
    this.#lane?.leaderChanged();
  }

  #watchStall(): void {
    this.#stallTimer ??= this.#with.clock.after(stallMs, () => {
      this.#stallTimer = undefined;
      if (this.#unanswered === 0) return;
      void this.#with.directory.refresh();
      this.#watchStall();
    });
  }
}

type AppendStream = ReturnType<ServiceClient<typeof logV1.LogDefinition>['append']>;

function placeOf({ baseOffset, term, appendTimeMs }: logV1.Appended): Place {
  return { baseOffset: Number(baseOffset), term: Number(term), timeMs: Number(appendTimeMs) };
}

/** An answer that says neither: of a server that is newer than this. */
function unsaid(): ApiError {
  return new ApiError('UNKNOWN', 'the server has answered neither yes nor no');
}
