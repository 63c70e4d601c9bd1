import { type ChannelCredentials, Client } from '@grpc/grpc-js';
import type { ServiceDefinition } from '../service.js';
import { type Caller, clientOf, type ServiceClient } from './client.js';
import { channelOptions, defaultDeadline, type Limits, limitsOf } from './limits.js';
import type { CallObserver } from './observer.js';

export interface ChannelInit {
  /** `host:port`, or whatever target a registered resolver knows. */
  readonly target: string;
  /** What differs from `limitsDefault`. */
  readonly limits?: Partial<Limits>;
  /** For calls without a stream that set no deadline. Default 10,000 ms. */
  readonly deadlineMs?: number;
  /** Options of grpc-js beyond those that follow from the limits. */
  readonly options?: Readonly<Record<string, string | number>>;
}

export interface ChannelComponents {
  readonly credentials: ChannelCredentials;
  readonly observers?: readonly CallObserver[];
}

/** A connection of its own to a server, made when it is first needed, and made again when it is lost. */
export class ApiChannel {
  readonly #caller: Caller;

  /** @throws RangeError for limits or a deadline outside of their ranges */
  constructor(init: ChannelInit, { credentials, observers = [] }: ChannelComponents) {
    const limits = limitsOf(init.limits);
    const grpc = new Client(init.target, credentials, { ...channelOptions(limits), ...init.options });
    this.#caller = {
      grpc,
      observers,
      target: init.target,
      deadlineMs: defaultDeadline(init.deadlineMs),
      isClosed: false,
    };
  }

  /** The methods of a service, to call. */
  client<S extends ServiceDefinition>(service: S): ServiceClient<S> {
    return clientOf(service, this.#caller);
  }

  /**
   * Connects now, rather than at the first call.
   *
   * @throws Error when there is no connection within `timeoutMs`
   */
  connect(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#caller.grpc.waitForReady(Date.now() + timeoutMs, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Open calls go on to their ends; new ones are refused with `CANCELLED`. */
  close(): void {
    this.#caller.isClosed = true;
    this.#caller.grpc.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
