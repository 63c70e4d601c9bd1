import { MemoryNetwork, memberId, RaftHost } from '@commitlog/raft';
import { encodeBatch } from '@commitlog/record';
import type { Clock } from '@commitlog/runtime';
import { type Fault, SeededRandom, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { type OpenedProducer, ReplicatedLog, type ReplicatedLogSettings } from '../src/index.js';

const nodes = ['a', 'b', 'c'] as const;
/** Nodes that are no founders. */
const others = ['d'] as const;
const storageId = '0'.repeat(32);
const founders = { voters: nodes.map((node) => memberId(node, storageId)), learners: [] };

/** Three members of one replicated log, on simulated disks and in virtual time. */
export class Logs {
  readonly clock = new SimulatedClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly disks: SimulatedDisk[] = [...nodes, ...others].map(() => new SimulatedDisk());
  readonly logs: (ReplicatedLog | null)[] = [null, null, null];
  readonly failures: unknown[] = [];
  readonly random: SeededRandom;
  readonly #hosts: RaftHost[] = [];
  readonly #paused: Set<number> = new Set();
  readonly #settings: Partial<ReplicatedLogSettings>;
  #starts = 0;

  constructor(seed: string, settings: Partial<ReplicatedLogSettings> = {}) {
    this.random = new SeededRandom(seed);
    this.#settings = settings;
  }

  async start(at: number): Promise<ReplicatedLog> {
    const clock = this.#clockOf(at);
    const node = [...nodes, ...others][at]!;
    this.#starts += 1;
    const host = new RaftHost({}, { clock, transport: this.network.transport(node) });
    const settings = {
      ...{ id: 'log', node, dir: '/member', segmentBytes: 8192, ...(at < nodes.length && { founders }) },
      ...this.#settings,
      raft: { electionTimeoutMs: 300, readTimeoutMs: 2000, ...this.#settings.raft },
    };
    let opened: ReplicatedLog | null = null;
    const log: ReplicatedLog = await ReplicatedLog.open(settings, {
      host,
      clock,
      files: this.disks[at]!.files,
      random: this.random.fork(`start ${this.#starts}`),
      onFailed: (error) => {
        if (this.logs[at] === opened) this.failures.push(error);
      },
      onProblem: (problem) => {
        // Of one whose power is gone, nothing is expected any more.
        if (this.logs[at] === opened) this.failures.push(problem);
      },
    });
    opened = log;
    host.start();
    this.#hosts[at] = host;
    this.logs[at] = log;
    return log;
  }

  async startAll(): Promise<this> {
    for (const at of nodes.keys()) if (this.logs[at] === null) await this.start(at);
    return this;
  }

  /** The power goes, and takes of what was not synced what it may. */
  async cutPower(at: number, fault: Fault = 'lost'): Promise<void> {
    const disk = this.disks[at]!;
    this.logs[at] = null;
    disk.cutPower();
    this.disks[at] = disk.crash(fault, this.random);
    await this.#hosts[at]!.stop();
  }

  cutOff(at: number): void {
    this.network.disconnect(nodes[at]!);
  }

  /** A process that is stopped hears nothing, and its timers do not fire, until it goes on: and then what it hears may come first. */
  pause(at: number): void {
    this.cutOff(at);
    this.#paused.add(at);
  }

  goOn(at: number): void {
    this.#paused.delete(at);
    this.network.reconnect(nodes[at]!);
  }

  heal(): void {
    this.network.onPacket = undefined;
    for (const node of nodes) this.network.reconnect(node);
  }

  /** Cuts a node off as soon as another acknowledges entries to it: those are on other disks by then, and it does not know. */
  cutOffBeforeItHears(at: number): void {
    this.network.onPacket = (packet, _from, to) => {
      if (to === nodes[at] && packet.some(({ message }) => message.kind === 'append-accepted')) this.cutOff(at);
    };
  }

  /** Cuts off whoever is sent entries. */
  cutOffBeforeItIsToldToAppend(): void {
    this.network.onPacket = (packet, _from, to) => {
      if (packet.some(({ message }) => message.kind === 'append')) this.network.disconnect(to);
    };
  }

  #clockOf(at: number): Clock {
    const { clock } = this;
    return {
      wallMs: () => clock.wallMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (ms, run) => {
        const fire = (): void => {
          if (this.#paused.has(at)) timer = clock.after(1, fire);
          else run();
        };
        let timer = clock.after(ms, fire);
        return { cancel: () => timer.cancel() };
      },
    };
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
    const members = this.logs.map((log) => log && JSON.stringify(log.member.status));
    throw new Error(
      `${what}: not within 30 virtual seconds\n${members.join('\n')}\n${this.failures.map(String).join('\n')}`,
    );
  }

  /** What a promise comes to, while time passes. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    await this.until('an answer', () => isOver);
    return await promise;
  }

  /** Where the leader is, among those that are not cut off. */
  async leader(except?: number): Promise<number> {
    const leaderAt = (): number => this.logs.findIndex((log, at) => at !== except && log?.member.isLeader === true);
    await this.until('a leader', () => leaderAt() >= 0);
    return leaderAt();
  }

  async leading(except?: number): Promise<ReplicatedLog> {
    return this.logs[await this.leader(except)]!;
  }

  /** All members have applied the same, all that there is. */
  async settle(): Promise<void> {
    await this.pass(10);
    await this.until('everybody has everything', () => {
      const ends = this.logs.map((log) => `${log!.member.appliedIndex} ${log!.endOffset}`);
      const leader = this.logs.find((log) => log!.member.isLeader);
      return (
        leader !== undefined && ends.every((end) => end === `${leader!.member.status.lastIndex} ${leader!.endOffset}`)
      );
    });
  }

  async stop(): Promise<void> {
    for (const log of this.logs) await log?.close();
  }
}

/** A batch of these values, to be sent again if need be: each call makes it anew. */
export function batchOf(values: readonly string[], producer?: OpenedProducer, baseSequence = 0): Buffer {
  return encodeBatch(
    values.map((value) => ({ value: Buffer.from(value) })),
    { ...producer, baseSequence },
  );
}

/** The values of a whole log, each with its offset, as one member has them. */
export async function valuesIn(log: ReplicatedLog): Promise<string[]> {
  const found: string[] = [];
  for await (const { offset, value } of log.records({ from: 'start' })) found.push(`${offset} ${value}`);
  return found;
}
