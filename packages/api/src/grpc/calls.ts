import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { ApiError } from '../errors.js';
import type { GrpcCodeName } from '../grpc-code.js';
import type { Requirement } from '../service.js';
import { type BaseCall, takeBaseCall } from './base-call.js';
import { Guard } from './guard.js';
import { type CallObserver, Observation } from './observer.js';
import type { Principal, Security } from './security.js';

/** What a handler may know of the call beyond its messages. */
export interface CallContext {
  /** Such as `/log.v1.Log/Produce`. */
  readonly method: string;
  readonly principal: Principal;
  /** Address and port of the client. */
  readonly peer: string;
  /** When the caller stops waiting, in milliseconds since 1970-01-01T00:00:00Z; `Infinity` if it never does. */
  readonly deadlineMs: number;
  /**
   * Aborted with an {@link ApiError} when the call is over before the handler is: the client went, the deadline passed, the grant was
   * revoked, the server stops.
   */
  readonly signal: AbortSignal;
}

export interface CallsInit {
  readonly security: Security;
  readonly observers: readonly CallObserver[];
  /** For calls without a stream that have none. In milliseconds. */
  readonly deadlineMs: number;
  /** What the server serves: a method that is not here is refused. */
  readonly requirements: ReadonlyMap<string, Requirement>;
  /** Told of what was thrown and is no {@link ApiError}; returns what the client is told. */
  readonly onThrown: (method: string, thrown: unknown) => ApiError;
}

/** All open calls of a server: each is let in, watched, bounded in time, and can be ended. */
export class Calls {
  readonly #init: CallsInit;
  readonly #open = new Set<OpenCall>();
  readonly #contexts = new WeakMap<Metadata, CallContext>();

  constructor(init: CallsInit) {
    this.#init = init;
  }

  /** To be given to grpc-js as the first interceptor: it sees the call as the network does. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    const isStream = method.requestStream || method.responseStream;
    const kind = { method: method.path, isStream, requirement: this.#init.requirements.get(method.path) };
    return new OpenCall(this.#init, this.#contexts, this.#open, kind, call);
  };

  /** What the guard knows of a call, for its handler. */
  contextOf(call: { readonly metadata: Metadata }): CallContext {
    const context = this.#contexts.get(call.metadata);
    if (context === undefined) throw new TypeError('this call did not come through the interceptor');
    return context;
  }

  get size(): number {
    return this.#open.size;
  }

  /** After a change of the policy: ends whatever it does not allow any more. */
  recheck(): void {
    for (const call of this.#open) call.recheck();
  }

  /** Ends all calls, or all streams only. */
  endAll(error: ApiError, which: 'all' | 'streams'): void {
    for (const call of this.#open) if (which === 'all' || call.isStream) call.end(error);
  }
}

interface CallKind {
  readonly method: string;
  readonly isStream: boolean;
  /** Absent for a method that nobody declared. */
  readonly requirement: Requirement | undefined;
}

class OpenCall extends ServerInterceptingCall {
  readonly isStream: boolean;
  readonly #init: CallsInit;
  readonly #method: string;
  readonly #open: Set<OpenCall>;
  readonly #guard: Guard | undefined;
  readonly #base: BaseCall;
  readonly #abort = new AbortController();
  #observation: Observation | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    init: CallsInit,
    contexts: WeakMap<Metadata, CallContext>,
    open: Set<OpenCall>,
    kind: CallKind,
    call: ServerInterceptingCallInterface,
  ) {
    super(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => this.#begin(contexts, metadata, () => forward(metadata)),
          onReceiveMessage: (message, forward) => this.#receive(message, () => forward(message)),
          onReceiveHalfClose: (forward) => this.#run(forward),
          onCancel: () => this.#finish('CANCELLED', undefined),
        }),
      sendMessage: (message, forward) => {
        if (this.#observation !== undefined) this.#observation.messagesSent += 1;
        forward(message);
      },
    });
    this.#init = init;
    this.#method = kind.method;
    this.isStream = kind.isStream;
    this.#open = open;
    const { method, requirement } = kind;
    const certificate = call.getAuthContext().sslPeerCertificate;
    if (requirement !== undefined) {
      this.#guard = new Guard(init.security, { method, requirement, peer: call.getPeer(), certificate });
    }
    this.#base = takeBaseCall(call, (code, error) => this.#finish(code, error));
  }

  override startRead(): void {
    this.#base.allowMessage();
    super.startRead();
  }

  end(error: ApiError): void {
    if (!this.#isOver) this.#base.end(error);
  }

  recheck(): void {
    const denied = this.#guard?.recheck();
    if (denied !== undefined) this.end(denied);
  }

  #begin(contexts: WeakMap<Metadata, CallContext>, metadata: Metadata, forward: () => void): void {
    const method = this.#method;
    const { isStream } = this;
    const peer = this.getPeer();
    this.#guarded(() => {
      this.#observation = new Observation(this.#init.observers, { side: 'server', method, isStream, peer, metadata });
      if (this.#guard === undefined) throw new ApiError('UNIMPLEMENTED', `${method} is not served here`);
      this.#guard.admitCall();
      const principal = this.#guard.principal!;
      this.#observation.principal = principal;
      const deadlineMs = this.#bound();
      contexts.set(metadata, { method, principal, peer, deadlineMs, signal: this.#abort.signal });
      this.#open.add(this);
      this.#run(forward);
    });
  }

  #receive(message: object, forward: () => void): void {
    if (this.#isOver) return;
    this.#guarded(() => {
      this.#observation!.messagesReceived += 1;
      this.#guard!.admitMessage(message);
      this.#run(forward);
    });
  }

  /** A call without a stream that sets no deadline gets one. */
  #bound(): number {
    const own = Number(this.getDeadline());
    if (this.isStream || own !== Number.POSITIVE_INFINITY) return own;
    const { deadlineMs } = this.#init;
    const text = `the call had no deadline of its own, and took longer than ${deadlineMs} ms`;
    this.#deadline = setTimeout(() => this.end(new ApiError('DEADLINE_EXCEEDED', text)), deadlineMs).unref();
    return Date.now() + deadlineMs;
  }

  #run(work: () => void): void {
    if (this.#observation === undefined) work();
    else this.#observation.run(work);
  }

  /** Whatever is thrown on the way of a call ends that call, and nothing else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.end(thrown instanceof ApiError ? thrown : this.#init.onThrown(this.#method, thrown));
    }
  }

  #finish(code: GrpcCodeName, error: ApiError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    this.#open.delete(this);
    this.#abort.abort(error ?? new ApiError('CANCELLED', 'the call is over'));
    this.#guarded(() => this.#observation?.end(code, error));
  }
}
