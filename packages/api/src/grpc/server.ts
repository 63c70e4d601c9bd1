import type { PeerCertificate } from 'node:tls';
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { pathOf, type Requirement, requirementOf, type ServiceDefinition } from '../service.js';
import { lingerMs } from './base-call.js';
import { Calls, stopping } from './calls.js';
import { Connections } from './connections.js';
import { type Defect, Failures, withSafeAuditor } from './failures.js';
import { grpcHandlers, grpcService, type HandlerHost, type Handlers } from './handlers.js';
import { createGrpcServer } from './http2-server.js';
import { defaultDeadline, type Limits, limitsOf } from './limits.js';
import type { CallObserver } from './observer.js';
import type { Security } from './security.js';
import { addReflection, Health } from './system-services.js';
import { Workload } from './workload.js';

export interface ServerInit {
  /** `host:port` to listen on; port 0 takes a free one. Without security, of a loopback. */
  readonly address: string;
  /** What differs from `limitsDefault`. */
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

/**
 * A gRPC server as this project runs them: every call is authenticated, authorized, bounded and observed, health and reflection are
 * served, and nothing that a client does ends the process.
 */
export class ApiServer {
  readonly #init: ServerInit;
  readonly #components: ServerComponents;
  readonly #requirements = new Map<string, Requirement>();
  readonly #calls: Calls;
  readonly #connections: Connections;
  readonly #failures: Failures;
  readonly #workload: Workload;
  readonly #limits: Limits;
  readonly #served: Parameters<Server['addService']>[] = [];
  #server: Server | undefined;
  readonly #services: string[] = [];
  #health: Health | undefined;
  #isServing = true;
  #port: number | undefined;
  #unsubscribe: () => void = () => {};
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws RangeError for limits or a deadline outside of their ranges; TypeError for credentials that do not go with the security */
  constructor(init: ServerInit, components: ServerComponents) {
    this.#init = init;
    this.#components = components;
    const { credentials, observers = [], onDefect } = components;
    const security = withSafeAuditor(components.security, (error) => this.#failures.report({ error }));
    if (security !== 'insecure' && !credentials._isSecure()) {
      throw new TypeError('without TLS nobody can be recognised: pass credentials with TLS, or security "insecure"');
    }
    if (security === 'insecure' && !isLoopback(init.address)) {
      throw new TypeError(`security "insecure" is for a loopback alone, and ${init.address} is none`);
    }
    if (credentials._getInterceptors().length > 0) {
      throw new TypeError(
        'credentials with interceptors are not supported: the first interceptor must be that of the server',
      );
    }
    const limits = limitsOf(init.limits);
    this.#limits = limits;
    this.#failures = new Failures(security, onDefect);
    this.#workload = new Workload(limits);
    this.#connections = new Connections(
      limits,
      security === 'insecure' ? undefined : (shown) => isNode(security, shown),
    );
    this.#calls = new Calls({
      security,
      observers,
      deadlineMs: defaultDeadline(init.deadlineMs),
      firstMessageMs: limits.firstMessageMs,
      requirements: this.#requirements,
      failures: this.#failures,
      workload: this.#workload,
    });
  }

  /**
   * Serves a service. Before {@link start}.
   *
   * @throws TypeError when a method declares no permission, or has no handler, or when the server has started
   */
  serve<S extends ServiceDefinition>(service: S, handlers: Handlers<S>): this {
    if (this.#started !== undefined) throw new TypeError(`${service.fullName} comes too late: the server has started`);
    for (const method of Object.values(service.methods)) {
      this.#requirements.set(pathOf(service, method), requirementOf(service, method));
    }
    const host: HandlerHost = {
      handle: (call, handler) => this.#calls.handle(call, handler),
      explain: (context, thrown) => this.#failures.trailerOfHandler(context, thrown),
    };
    this.#served.push([grpcService(service), grpcHandlers(service, handlers, host)]);
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
    this.#isServing = isServing;
    if (this.#stopped === undefined) this.#health?.set(isServing);
  }

  /** @throws Error when the address cannot be listened on: it may be tried again; TypeError when the server was stopped */
  start(): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(wasStopped());
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async #start(): Promise<void> {
    const { security, credentials } = this.#components;
    // One for each attempt: grpc-js remembers an address that it could not listen on.
    const server = createGrpcServer(this.#limits, [this.#calls.interceptor], this.#connections, (error) =>
      this.#failures.report({ error }),
    );
    for (const served of this.#served) server.addService(...served);
    const health = this.#addSystemServices(server);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(this.#init.address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
    this.#server = server;
    if (this.#stopped !== undefined) throw wasStopped();
    this.#health = health;
    this.#port = port;
    if (security !== 'insecure') this.#unsubscribe = security.authorizer.onChange(() => this.#calls.recheck());
    health.set(this.#isServing);
  }

  /**
   * Takes no more calls and connections, ends streams with `STOPPING`, lets the other calls, and all handlers, finish for `graceMs`; then
   * ends those calls too, and closes every connection. A handler that does not look at its signal may be at work for longer.
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
    this.#calls.stop();
    await this.#started?.catch(() => {});
    this.#unsubscribe();
    this.#health?.set(false);
    const server = this.#server;
    const closed = new Promise<void>((resolve) => (server ? server.tryShutdown(() => resolve()) : resolve()));
    this.#calls.endAll(stopping(), 'streams');
    this.#connections.drain();
    await within(graceMs, Promise.all([closed, this.#workload.settled()]));
    this.#calls.endAll(stopping(), 'all');
    // So that they are told.
    await within(lingerMs, closed);
    this.#connections.destroy();
  }

  /** These come with protocols of their own, which know nothing of our permissions: whoever is recognised may call them. */
  #addSystemServices(server: Server): Health {
    const health = new Health(this.#services);
    const others: Parameters<Server['addService']>[0][] = [];
    const add: Server['addService'] = (definition, handlers) => {
      for (const { path } of Object.values(definition)) this.#requirements.set(path, { kind: 'authenticated' });
      others.push(definition);
      server.addService(definition, handlers);
    };
    health.addTo(add);
    addReflection(others, add);
    return health;
  }
}

/** Waits for something, but not for long. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
}

function isNode({ authenticator }: Exclude<Security, 'insecure'>, certificate: PeerCertificate): boolean {
  try {
    const answer = authenticator.authenticate(certificate);
    return 'principal' in answer && answer.principal.kind === 'node';
  } catch {
    // It must not throw, and when it does, the connection's first call is where that is told.
    return false;
  }
}

function isLoopback(address: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]):\d+$/.test(address);
}

function wasStopped(): TypeError {
  return new TypeError('the server was stopped, and does not start again: make a new one');
}
