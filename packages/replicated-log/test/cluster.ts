import { type GroupInit, MemoryNetwork, memberId, type RaftGroup, RaftHost } from '@commitlog/raft';
import { batches, encodeBatch, records } from '@commitlog/record';
import { type Fault, SeededRandom, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { LogStorage, logMachine } from '../src/index.js';

const nodes = ['a', 'b', 'c'] as const;
const voters = nodes.map((node) => memberId(node, 'disk'));

/** What is running on a node. */
interface Running {
  readonly host: RaftHost;
  readonly storage: LogStorage;
  readonly group: RaftGroup;
}

/** Three members on simulated disks, in virtual time; each can lose its power and come back. */
export class Cluster {
  readonly clock = new SimulatedClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly disks: SimulatedDisk[] = nodes.map(() => new SimulatedDisk());
  readonly running: (Running | null)[] = nodes.map(() => null);
  /** What ended members that were not meant to end. */
  readonly failures: unknown[] = [];
  /** The values of batches that were acknowledged, by their index. */
  readonly acknowledged = new Map<number, string>();
  readonly #random: SeededRandom;
  readonly #init: Partial<GroupInit>;
  #proposed = 0;

  constructor(seed: string, init: Partial<GroupInit> = {}) {
    this.#random = new SeededRandom(seed);
    this.#init = init;
  }

  async start(at: number): Promise<Running> {
    const { clock, network } = this;
    const { files } = this.disks[at]!;
    const founders = { voters, learners: [] };
    const storage = await LogStorage.open({ dir: '/member', segmentBytes: 8192, founders }, { files, clock });
    const host = new RaftHost({}, { clock, transport: network.transport(nodes[at]!) });
    const group = await host.open(
      'log',
      { self: voters[at]!, electionTimeoutMs: 300, trailing: 0, ...this.#init },
      {
        storage,
        format: storage.format,
        machine: logMachine(storage),
        random: this.#random.fork(`member ${at} ${this.#proposed}`),
        onFailed: (error) => {
          if (this.running[at]?.group === group) this.failures.push(error);
        },
      },
    );
    host.start();
    const running = { host, storage, group };
    this.running[at] = running;
    return running;
  }

  async startAll(): Promise<this> {
    await Promise.all(nodes.map(async (_, at) => this.running[at] ?? (await this.start(at))));
    return this;
  }

  /** The power goes, and takes of what was not synced what it may. */
  async cutPower(at: number, fault: Fault): Promise<void> {
    const { host } = this.running[at]!;
    const disk = this.disks[at]!;
    this.running[at] = null;
    disk.cutPower();
    this.disks[at] = disk.crash(fault, this.#random);
    await host.stop();
  }

  /** Proposes batches of a few records each, without waiting. */
  propose(group: RaftGroup, count: number): void {
    for (let each = 0; each < count; each += 1) {
      this.#proposed += 1;
      const value = `batch ${this.#proposed}`;
      const of = Array.from({ length: 1 + (this.#proposed % 3) }, (_, at) => ({
        value: Buffer.from(`${value}, ${at}`.padEnd(100, '.')),
      }));
      group.propose(encodeBatch(of)).then(
        (outcome) => {
          if (outcome.kind === 'committed') this.acknowledged.set(outcome.index, value);
        },
        (error: unknown) => this.failures.push(error),
      );
    }
  }

  async pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 10) {
      this.clock.advance(10);
      for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    }
  }

  async until(what: string, isDone: () => boolean): Promise<void> {
    for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 10) {
      if (isDone()) return;
      await this.pass(10);
    }
    const members = this.running.map((each) => each && JSON.stringify(each.group.status));
    throw new Error(`${what}: not within 30 virtual seconds\n${members.join('\n')}\n${this.failures.join('\n')}`);
  }

  async leader(): Promise<number> {
    const leaderAt = (): number => this.running.findIndex((each) => each?.group.isLeader === true);
    await this.until('a leader', () => leaderAt() >= 0);
    return leaderAt();
  }

  /** Everybody has everything, and knows that it is committed. */
  async settle(): Promise<void> {
    // What was just proposed is still on its way into the core.
    await this.pass(10);
    await this.until('everybody has everything', () => {
      const ends = this.running.map((each) => {
        const { commitIndex, durableIndex, lastIndex } = each!.group.status;
        return `${commitIndex} ${durableIndex} ${lastIndex}`;
      });
      const commit = this.running[0]?.group.status.commitIndex;
      const isLed = this.running.some((each) => each?.group.isLeader === true);
      return isLed && ends.every((end) => end === `${commit} ${commit} ${commit}`);
    });
  }

  async stop(): Promise<void> {
    for (const each of this.running) {
      await each?.host.stop();
      await each?.storage.close();
    }
  }
}

/** All that a log holds, as bytes. */
export async function bytesOf({ log }: LogStorage, fromIndex = log.start.index + 1): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { bytes } of log.slices({ from: { index: fromIndex } })) parts.push(bytes);
  return Buffer.concat(parts);
}

/** Every record of some batches, in order: its offset, its value, and the index of its batch. */
export function recordsOf(
  bytes: Buffer,
): { readonly offset: number; readonly value: string; readonly index: number }[] {
  const found = [];
  for (const batch of batches(bytes)) {
    for (const { offset, value } of records(batch)) {
      found.push({ offset, value: value.toString().replace(/\.*$/, ''), index: Number(batch.readBigUInt64LE(8)) });
    }
  }
  return found;
}
