import { randomBytes } from 'node:crypto';
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { ApiError, internalError } from '../errors.js';
import { pathOf, type Requirement, requirementOf, type ServiceDefinition } from '../service.js';
import { type CallContext, Calls } from './calls.js';
import { grpcHandlers, grpcService, type Handlers } from './handlers.js';
import { createGrpcServer } from './http2-server.js';
import { type Limits, limitsDefault } from './limits.js';
import type { CallObserver } from './observer.js';
import type { Security } from './security.js';
import { addReflection, Health } from './system-services.js';

export interface ServerInit {
  /** `host:port` to listen on; port 0 takes a free one. */
  readonly address: string;
  /** What differs from {@link limitsDefault}. */
  readonly limits?: Partial<Limits>;
  /** For calls without a stream that set no deadline. Default 10,000 ms. */
  readonly deadlineMs?: number;
}

export interface ServerComponents {
  /**
   * TLS, with certificates of both sides, and without interceptors; `ServerCredentials.createInsecure()` together with security
   * `'insecure'` alone.
   */
  readonly credentials: ServerCredentials;
  readonly security: Security;
  readonly observers?: readonly CallObserver[];
  /** Told of what no client may know: what was thrown in a handler, under the id that the client got, and what befell the socket. */
  readonly onDefect: (defect: Defect) => void;
}

export interface Defect {
  /** What the client was told, if a call is concerned. */
  readonly id?: string;
  readonly method?: string;
  readonly error: unknown;
}

/**
 * A gRPC server as this project runs them: every call is authenticated, authorized, bounded and observed, health and reflection are
 * served, and nothing that a client does ends the process.
 */
export class ApiServer {
  readonly #init: ServerInit;
  readonly #components: ServerComponents;
  readonly #requirements = new Map<string, Requirement>();
  readonly #calls: Calls;
  readonly #server: Server;
  readonly #services: string[] = [];
  #health: Health | undefined;
  #port: number | undefined;
  #unsubscribe: () => void = () => {};
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(init: ServerInit, components: ServerComponents) {
    this.#init = init;
    this.#components = components;
    const { security, credentials, observers = [] } = components;
    if (security !== 'insecure' && !credentials._isSecure()) {
      throw new TypeError('without TLS nobody can be recognised: pass credentials with TLS, or security "insecure"');
    }
    if (credentials._getInterceptors().length > 0) {
      throw new TypeError(
        'credentials with interceptors are not supported: the first interceptor must be that of the server',
      );
    }
    this.#calls = new Calls({
      security,
      observers,
      deadlineMs: init.deadlineMs ?? 10_000,
      requirements: this.#requirements,
      onThrown: (method, thrown) => this.#onThrown(method, thrown),
    });
    const limits = { ...limitsDefault, ...init.limits };
    this.#server = createGrpcServer(limits, [this.#calls.interceptor], (error) => components.onDefect({ error }));
  }

  /**
   * Serves a service. Before {@link start}.
   *
   * @throws TypeError when a method declares no permission, or has no handler
   */
  serve<S extends ServiceDefinition>(service: S, handlers: Handlers<S>): this {
    for (const method of Object.values(service.methods)) {
      this.#requirements.set(pathOf(service, method), requirementOf(service, method));
    }
    const host = {
      contextOf: this.#calls.contextOf.bind(this.#calls),
      explain: (context: CallContext, thrown: unknown) => this.#explain(context, thrown),
    };
    this.#server.addService(grpcService(service), grpcHandlers(service, handlers, host));
    this.#services.push(service.fullName);
    return this;
  }

  /** The port that it listens on. */
  get port(): number {
    if (this.#port === undefined) throw new TypeError('the server has not started');
    return this.#port;
  }

  /** Calls that are under way. */
  get openCalls(): number {
    return this.#calls.size;
  }

  /** What the health service says: serving from the start on, unless told otherwise. */
  setServing(isServing: boolean): void {
    this.#health?.set(isServing);
  }

  /** @throws Error when the address cannot be listened on */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    this.#health = new Health(this.#services);
    this.#addSystemServices(this.#health);
    const { security, credentials } = this.#components;
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(this.#init.address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
    if (security !== 'insecure') this.#unsubscribe = security.authorizer.onChange(() => this.#calls.recheck());
    this.#health.set(true);
  }

  /**
   * Takes no more calls, ends streams with `STOPPING`, lets the other calls finish for `graceMs`, then ends those too.
   *
   * @param graceMs default 5,000
   */
  stop(graceMs = 5000): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(graceMs: number): Promise<void> {
    this.#unsubscribe();
    this.#health?.set(false);
    const stopping = new ApiError('STOPPING', 'this node is stopping: ask another');
    const closed = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    this.#calls.endAll(stopping, 'streams');
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([closed, grace]);
    clearTimeout(timer);
    this.#calls.endAll(stopping, 'all');
    this.#server.forceShutdown();
  }

  /** These come with protocols of their own, which know nothing of our permissions: whoever is recognised may call them. */
  #addSystemServices(health: Health): void {
    const others: Parameters<Server['addService']>[0][] = [];
    const add: Server['addService'] = (definition, handlers) => {
      for (const { path } of Object.values(definition)) this.#requirements.set(path, { kind: 'authenticated' });
      others.push(definition);
      this.#server.addService(definition, handlers);
    };
    health.addTo(add);
    addReflection(others, add);
  }

  /** What a client is told of what its handler has thrown. A handler that refuses somebody is heard by the auditor, too. */
  #explain({ method, peer, principal }: CallContext, thrown: unknown): ApiError {
    if (!(thrown instanceof ApiError)) return this.#onThrown(method, thrown);
    const { security } = this.#components;
    const isRefusal = thrown.code === 'PERMISSION_DENIED' && security !== 'insecure';
    if (isRefusal) security.onRefused?.({ method, peer, principal, why: thrown.message });
    return thrown;
  }

  #onThrown(method: string, error: unknown): ApiError {
    const id = randomBytes(8).toString('hex');
    this.#components.onDefect({ id, method, error });
    return internalError(id);
  }
}
