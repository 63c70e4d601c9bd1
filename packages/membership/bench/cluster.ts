import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Library, Order, Sighting } from './protocol.js';

/** Members in processes of their own, and all that they have seen of each other. */
export class BenchCluster {
  readonly sightings: Sighting[] = [];
  readonly #library: Library;
  readonly #hosts: Map<number, ChildProcess> = new Map();
  readonly #processes: Set<ChildProcess> = new Set();

  constructor(library: Library) {
    this.#library = library;
  }

  /** The ports of members that were started and not killed. */
  get ports(): number[] {
    return [...this.#hosts.keys()];
  }

  /** A process for members; resolves once it takes orders. */
  async host(): Promise<ChildProcess> {
    const execArgv = ['--conditions=@commitlog/source', '--import', 'tsx'];
    const host = fork(fileURLToPath(new URL('./host.ts', import.meta.url)), { execArgv });
    this.#processes.add(host);
    host.on('message', (message: Sighting | 'ready') => {
      if (message !== 'ready') this.sightings.push(message);
    });
    host.on('exit', () => this.#processes.delete(host));
    await new Promise<void>((resolve, reject) => {
      host.on('message', (message) => void (message === 'ready' && resolve()));
      host.once('exit', (code) => reject(new Error(`a host of the bench ended with ${code}`)));
    });
    return host;
  }

  start(host: ChildProcess, port: number, join: number | undefined): void {
    this.#hosts.set(port, host);
    this.#order(host, { kind: 'start', library: this.#library, port, join });
  }

  leave(port: number): void {
    this.#order(this.#hosts.get(port)!, { kind: 'leave', port });
    this.#hosts.delete(port);
  }

  /** Ends its process at once, with all members in it. */
  kill(port: number): void {
    this.#hosts.get(port)!.kill('SIGKILL');
    this.#hosts.delete(port);
  }

  overload(port: number, busy: { readonly busyMs: number; readonly idleMs: number; readonly forMs: number }): void {
    this.#order(this.#hosts.get(port)!, { kind: 'overload', ...busy });
  }

  end(): void {
    for (const host of this.#processes) host.kill('SIGKILL');
  }

  /** When each of `observers` first saw it after `sinceMs`; undefined if one did not within `withinMs`. */
  async seenBy(
    observers: readonly number[],
    kind: Sighting['kind'],
    subject: number,
    { sinceMs, withinMs }: { readonly sinceMs: number; readonly withinMs: number },
  ): Promise<number[] | undefined> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const found = observers.flatMap((observer) => {
        const first = this.sightings.find(
          (each) =>
            each.kind === kind && each.subject === subject && each.observer === observer && each.atMs >= sinceMs,
        );
        return first === undefined ? [] : [first.atMs - sinceMs];
      });
      if (found.length === observers.length) return found;
      if (performance.now() > untilMs) return undefined;
      await pause(20);
    }
  }

  #order(host: ChildProcess, order: Order): void {
    host.send(order);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
