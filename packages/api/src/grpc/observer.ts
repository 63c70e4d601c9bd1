import type { Metadata } from '@grpc/grpc-js';
import type { ApiError } from '../errors.js';
import type { GrpcCodeName } from '../grpc-code.js';
import type { Principal } from './security.js';

/** A call that begins. */
export interface CallStart {
  readonly side: 'server' | 'client';
  /** Such as `/log.v1.Log/Produce`. */
  readonly method: string;
  readonly isStream: boolean;
  /** Address and port of the client; at a client, the target of the channel. */
  readonly peer: string;
  /** What the client sends ahead. At a client it may still be added to. */
  readonly metadata: Metadata;
}

/** How it went. */
export interface CallOutcome {
  readonly code: GrpcCodeName;
  /** Absent when all went well. */
  readonly error?: ApiError | undefined;
  /** At a server: who called. Absent when nobody was recognised. */
  readonly principal?: Principal | undefined;
  readonly durationMs: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
}

/** What somebody wants to know of one call. */
export interface ObservedCall {
  /** Runs whatever belongs to the call, so that it can be found out that it does. */
  run?<T>(work: () => T): T;
  /** Told once. */
  ended(outcome: CallOutcome): void;
}

/**
 * Whoever keeps count, a log or traces: called once for each call, and never on the way of a message. What it throws is a defect, and ends
 * the call if it goes on.
 * Calls for methods that are not served are not seen.
 */
export type CallObserver = (call: CallStart) => ObservedCall;

/** A call under observation: counts what passes, and tells all observers in the end. */
export class Observation {
  readonly #observed: readonly ObservedCall[];
  readonly #onDefect: (error: unknown) => void;
  readonly #startMs = performance.now();
  #isOver = false;
  messagesSent = 0;
  messagesReceived = 0;
  principal: Principal | undefined;

  /** @param onDefect told of what observers throw at the end: nobody else is hindered by it */
  constructor(observers: readonly CallObserver[], call: CallStart, onDefect: (error: unknown) => void) {
    this.#onDefect = onDefect;
    this.#observed = observers.map((observer) => observer(call));
  }

  run<T>(work: () => T): T {
    let wrapped = work;
    for (const observed of this.#observed) {
      const inner = wrapped;
      if (observed.run !== undefined) wrapped = () => observed.run!(inner);
    }
    return wrapped();
  }

  end(code: GrpcCodeName, error: ApiError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { principal, messagesSent, messagesReceived } = this;
    const durationMs = performance.now() - this.#startMs;
    for (const observed of this.#observed) {
      try {
        observed.ended({ code, error, principal, durationMs, messagesSent, messagesReceived });
      } catch (thrown) {
        this.#onDefect(thrown);
      }
    }
  }
}
