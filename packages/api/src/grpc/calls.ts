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
import type { CallContext } from './call-context.js';
import type { Failures } from './failures.js';
import { Guard } from './guard.js';
import { type CallObserver, Observation } from './observer.js';
import { type Recheckable, Rechecks } from './rechecks.js';
import type { Security } from './security.js';
import type { Workload } from './workload.js';

export interface CallsInit {
  readonly security: Security;
  readonly observers: readonly CallObserver[];
  /** For calls without a stream that have none. In milliseconds. */
  readonly deadlineMs: number;
  /** How long a call of a client's may take to send its first message, in milliseconds. */
  readonly firstMessageMs: number;
  /** What the server serves: a method that is not here is refused. */
  readonly requirements: ReadonlyMap<string, Requirement>;
  readonly failures: Failures;
  readonly workload: Workload;
}

/** All open calls of a server: each is let in, watched, bounded in time, and can be ended. */
export class Calls {
  readonly #init: CallsInit;
  readonly #open = new Set<OpenCall>();
  readonly #rechecks = new Rechecks(this.#open);
  readonly #admitted = new WeakMap<Metadata, OpenCall>();
  #isStopping = false;

  constructor(init: CallsInit) {
    this.#init = init;
  }

  /** To be given to grpc-js as the first interceptor: it sees the call as the network does. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    const isStream = method.requestStream || method.responseStream;
    const kind = { method: method.path, isStream, requirement: this.#init.requirements.get(method.path) };
    return new OpenCall(this.#init, kind, call, (metadata, opened) => this.#admit(metadata, opened));
  };

  /** Runs the handler of a call with what the guard knows of it. The call counts as work until that has settled. */
  async handle(call: { readonly metadata: Metadata }, handler: (context: CallContext) => Promise<void>): Promise<void> {
    const admitted = this.#admitted.get(call.metadata);
    if (admitted === undefined) throw new TypeError('this call did not come through the interceptor');
    await admitted.handle(handler);
  }

  get size(): number {
    return this.#open.size;
  }

  /** After a change of the policy: ends whatever it does not allow any more, in slices where there is much of it. */
  recheck(): void {
    this.#rechecks.begin();
  }

  /** Admits no more calls. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Ends all calls, or all streams only. */
  endAll(error: ApiError, which: 'all' | 'streams'): void {
    for (const call of this.#open) if (which === 'all' || call.isStream) call.end(error);
  }

  #admit(metadata: Metadata, call: OpenCall): () => void {
    if (this.#isStopping) throw stopping();
    this.#admitted.set(metadata, call);
    this.#open.add(call);
    return () => this.#open.delete(call);
  }
}

/** What callers are told of a server that stops. */
export function stopping(): ApiError {
  return new ApiError('STOPPING', 'this node is stopping: ask another');
}

interface CallKind {
  readonly method: string;
  readonly isStream: boolean;
  /** Absent for a method that nobody declared. */
  readonly requirement: Requirement | undefined;
}

/** Lists a call that may go on, under the metadata that its handler will know it by. Returns what takes it off the list. */
type Admit = (metadata: Metadata, call: OpenCall) => () => void;

class OpenCall extends ServerInterceptingCall implements Recheckable {
  readonly isStream: boolean;
  readonly #init: CallsInit;
  readonly #method: string;
  readonly #admit: Admit;
  readonly #requirement: Requirement | undefined;
  readonly #base: BaseCall;
  readonly #abort = new AbortController();
  #guard: Guard | undefined;
  #observation: Observation | undefined;
  #context: CallContext | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #firstMessage: NodeJS.Timeout | undefined;
  #unlist = (): void => {};
  #leaveWork = (): void => {};
  #isStale = false;
  #isHandled = false;
  #isOver = false;

  constructor(init: CallsInit, kind: CallKind, call: ServerInterceptingCallInterface, admit: Admit) {
    super(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => this.#begin(metadata, () => forward(metadata)),
          onReceiveMessage: (message, forward) => this.#receive(message, () => forward(message)),
          onReceiveHalfClose: (forward) => this.#endOfMessages(forward),
          onCancel: () => this.#finish('CANCELLED', undefined),
        }),
      sendMessage: (message, forward) => {
        // While a message is under way, grpc-js holds the status back; one more would push it further off, without end.
        this.#checkBeforeSending();
        if (this.#isOver) return;
        if (this.#observation !== undefined) this.#observation.messagesSent += 1;
        forward(message);
      },
    });
    this.#init = init;
    this.#method = kind.method;
    this.isStream = kind.isStream;
    this.#requirement = kind.requirement;
    this.#admit = admit;
    this.#base = takeBaseCall(call, (code, error) => this.#finish(code, error));
  }

  override startRead(): void {
    this.#base.allowMessage();
    super.startRead();
  }

  end(error: ApiError): void {
    if (!this.#isOver) this.#base.end(this.#init.failures.trailerOf(this.#method, error));
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  markStale(): void {
    this.#isStale = true;
  }

  *recheck(): Generator<undefined> {
    // A further change while this goes on makes it stale again.
    this.#isStale = false;
    const steps = this.#guard!.recheck();
    let isDone = false;
    while (!isDone) {
      isDone = true;
      this.#ifOpen(() => {
        isDone = steps.next().done === true;
      });
      if (!isDone) yield;
    }
  }

  /**
   * What is read goes out under the policy that holds, also before a call has had its turn. A call that is about many logs waits for it: only streams of
   * requests are, each of which is checked by itself.
   */
  #checkBeforeSending(): void {
    if (!this.#isStale || this.#guard!.decisions > 1) return;
    const steps = this.recheck();
    while (!steps.next().done);
  }

  async handle(handler: (context: CallContext) => Promise<void>): Promise<void> {
    this.#isHandled = true;
    try {
      await handler(this.#context!);
    } finally {
      this.#isHandled = false;
      if (this.#isOver) this.#leaveWork();
    }
  }

  #begin(metadata: Metadata, forward: () => void): void {
    const method = this.#method;
    const { isStream } = this;
    const onDefect = (error: unknown): void => this.#init.failures.report({ method, error });
    this.#ifOpen(() => {
      const peer = this.getPeer();
      const start = { side: 'server', method, isStream, peer, metadata } as const;
      this.#observation = new Observation(this.#init.observers, start, onDefect);
      const requirement = this.#requirement;
      if (requirement === undefined) throw new ApiError('UNIMPLEMENTED', `${method} is not served here`);
      const certificate = this.getAuthContext().sslPeerCertificate;
      this.#guard = new Guard(this.#init.security, { method, requirement, peer, certificate });
      this.#guard.admitCall();
      const principal = this.#guard.principal!;
      this.#observation.principal = principal;
      const deadlineMs = this.#bound();
      this.#awaitMessage(requirement);
      this.#context = { method, principal, peer, deadlineMs, signal: this.#abort.signal };
      this.#leaveWork = this.#init.workload.enter(this.#base.connection, principal.kind);
      this.#unlist = this.#admit(metadata, this);
      this.#run(forward);
    });
  }

  #receive(message: object, forward: () => void): void {
    this.#ifOpen(() => {
      clearTimeout(this.#firstMessage);
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

  /**
   * Until a call names its log, nobody knows whether it may be there: it does not stay for long. Nor does any other of which there is nothing but headers, for
   * it takes the place of one that has work to do. What is for nodes alone may be silent: no stranger opens it.
   */
  #awaitMessage(requirement: Requirement): void {
    if (requirement.kind === 'node') return;
    const { firstMessageMs } = this.#init;
    const what = requirement.kind === 'granted' && requirement.namesLog ? 'message that names a log' : 'message';
    const text = `no ${what} within ${firstMessageMs} ms`;
    this.#firstMessage = setTimeout(() => this.end(new ApiError('DEADLINE_EXCEEDED', text)), firstMessageMs).unref();
  }

  #endOfMessages(forward: () => void): void {
    this.#ifOpen(() => {
      clearTimeout(this.#firstMessage);
      this.#run(forward);
    });
  }

  #run(work: () => void): void {
    if (this.#observation === undefined) work();
    else this.#observation.run(work);
  }

  /** Whatever is thrown on the way of a call ends that call, and nothing else. */
  #ifOpen(work: () => void): void {
    if (this.#isOver) return;
    try {
      work();
    } catch (thrown) {
      this.end(this.#init.failures.errorOf(this.#method, thrown));
    }
  }

  #finish(code: GrpcCodeName, error: ApiError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#firstMessage);
    this.#unlist();
    if (!this.#isHandled) this.#leaveWork();
    this.#abort.abort(error ?? new ApiError('CANCELLED', 'the call is over'));
    this.#observation?.end(code, error);
  }
}
