import { ApiError } from '../errors.js';
import type { Principal } from './security.js';

/**
 * The calls that somebody works on. A call that is over for its client, by a deadline or a reset, stays here until its handler has
 * settled: as long it holds what was sent to it.
 */
export class Workload {
  readonly #limits: { readonly streamsMax: number; readonly callsMax: number };
  readonly #perConnection = new WeakMap<object, number>();
  readonly #waiting: Array<() => void> = [];
  #size = 0;
  #sizeOfClients = 0;

  constructor(limits: { readonly streamsMax: number; readonly callsMax: number }) {
    this.#limits = limits;
  }

  /**
   * Takes one more call of a connection. Returns what is to be called once, when nobody works on it any more.
   *
   * @param caller a node's calls have no part in `callsMax`: clients must not keep a cluster from its work. They are bounded by `streamsMax` of each connection.
   * @throws ApiError `OVERLOADED`
   */
  enter(connection: object, caller: Principal['kind']): () => void {
    const { streamsMax, callsMax } = this.#limits;
    const ofConnection = this.#perConnection.get(connection) ?? 0;
    if (ofConnection >= streamsMax) throw overloaded(`${streamsMax} calls of this connection`);
    if (caller !== 'node' && this.#sizeOfClients >= callsMax) throw overloaded(`${callsMax} calls`);
    this.#add(connection, caller, 1);
    return () => this.#add(connection, caller, -1);
  }

  /** When nobody works any more. */
  settled(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #add(connection: object, caller: Principal['kind'], change: 1 | -1): void {
    this.#size += change;
    if (caller !== 'node') this.#sizeOfClients += change;
    this.#perConnection.set(connection, (this.#perConnection.get(connection) ?? 0) + change);
    if (this.#size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function overloaded(what: string): ApiError {
  return new ApiError('OVERLOADED', `${what} are being worked on, which is the limit: try again`, {
    retryAfterMs: 100,
  });
}
