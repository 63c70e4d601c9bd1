import type { Buffer } from 'node:buffer';
import { type Log, LogError } from '@commitlog/log';
import type { Entry, Index } from '@commitlog/raft';
import { indexOf, termOf } from '@commitlog/record';
import { bufferOf } from './entries.js';
import type { Reserve } from './reserve.js';
import { isNoSpace } from './side-file.js';

interface Append {
  readonly first: Index;
  readonly last: Index;
  readonly batches: readonly Buffer[];
}

/** The entries of successive operations, given to the log together; and how many operations are on disk. */
export class Appends {
  /** Operations that are done: what a full disk lets stand. */
  done = 0;
  readonly #log: Log;
  readonly #reserve: Reserve;
  #waiting: Append[] = [];

  constructor(log: Log, reserve: Reserve) {
    this.#log = log;
    this.#reserve = reserve;
  }

  /** Takes one operation's entries. One that has none must have been done, and everything before it flushed. */
  add(entries: readonly Entry[]): void {
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) this.done += 1;
    else this.#waiting.push({ first: first.index, last: last.index, batches: entries.map(batchOf) });
  }

  /** Appends what was taken, durably: all of it, or whole operations from the first on. */
  async flush(): Promise<void> {
    const appends = this.#waiting;
    if (appends.length === 0) return;
    this.#waiting = [];
    try {
      await this.#requireReserve();
      await this.#log.appendStamped(appends.flatMap(({ batches }) => batches));
      this.done += appends.length;
    } catch (error) {
      if (isNoSpace(error)) await this.#keepWhole(appends);
      throw error;
    }
  }

  /** Entries do not take the room that cuts may need. */
  async #requireReserve(): Promise<void> {
    if (await this.#reserve.fill()) return;
    throw new LogError('no-space', 'there is no room for the reserve that must stay free: free some space');
  }

  /** The log may have taken a part of an operation before it found no room for the rest. */
  async #keepWhole(appends: readonly Append[]): Promise<void> {
    const { index: durable } = this.#log.durable;
    const kept = appends.filter(({ last }) => last <= durable);
    this.done += kept.length;
    const upTo = kept.at(-1)?.last ?? appends[0]!.first - 1;
    if (durable > upTo) await this.#reserve.spend(() => this.#log.truncateAfter(upTo));
  }
}

function batchOf({ index, term, data }: Entry): Buffer {
  const batch = bufferOf(data);
  if (indexOf(batch) === index && termOf(batch) === term) return batch;
  throw new TypeError(
    `entry ${index} of term ${term} must be a batch stamped so, found ${indexOf(batch)} of term ${termOf(batch)}`,
  );
}
