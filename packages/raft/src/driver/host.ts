import type { Clock, Timer } from '@commitlog/runtime';
import type { Message } from '../core/index.js';
import { RaftError } from './errors.js';
import { RaftGroup } from './group.js';
import { checkInit, type GroupComponents, type GroupInit } from './group-init.js';
import { checkMachine } from './machine.js';
import { Packets } from './packets.js';
import { callSafely, type ProblemSink, safeSink } from './problem.js';
import type { Envelope, RaftTransport } from './transport.js';

export interface HostInit {
  /** How often the groups are told that time has passed; 50 ms by default. At most half of each group's `heartbeatMs`. */
  readonly tickMs?: number;
  /** A packet carries at most this many bytes of data, or one message; 2 MiB by default. */
  readonly packetBytesMax?: number;
}

export interface HostComponents {
  readonly transport: RaftTransport;
  /** Its timers drive the groups. Node's own (`@commitlog/runtime/node`) do not keep a process alive. */
  readonly clock: Clock;
  /** Something went wrong that stops nothing, in the host or in a group that has no listener of its own. */
  readonly onProblem?: ProblemSink;
}

/** A group on this node, from the moment it is asked for until it has stopped. */
interface Opened {
  group: RaftGroup | null;
  readonly opening: Promise<RaftGroup>;
  closing: Promise<void> | null;
}

/**
 * All groups of one node, over one transport and one timer. What they have to say in one turn goes out as one packet per node
 * and lane, so the heartbeats of a thousand groups cost little more than those of one.
 */
export class RaftHost {
  readonly #tickMs: number;
  readonly #transport: RaftTransport;
  readonly #clock: Clock;
  readonly #report: ProblemSink;
  readonly #groups: Map<string, Opened> = new Map();
  readonly #packets: Packets;
  #isFlushing = false;
  #timer: Timer | null = null;
  #isStarted = false;

  /** @throws RangeError when a setting is no number above 0 */
  constructor(init: HostInit, components: HostComponents) {
    const { tickMs = 50, packetBytesMax = 2 * 1024 * 1024 } = init;
    for (const [name, value] of Object.entries({ tickMs, packetBytesMax })) {
      if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`${name} must be above 0, got ${value}`);
    }
    this.#tickMs = tickMs;
    this.#packets = new Packets(packetBytesMax);
    this.#transport = components.transport;
    this.#clock = components.clock;
    this.#report = safeSink(components.onProblem);
  }

  /** Groups take part from now on, and those opened later from then on. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#transport.listen((packet) => this.#receive(packet));
    this.#arm();
  }

  /** Closes every group, those that are being opened too. A leader that is to go in peace should `transfer` first. */
  async stop(): Promise<void> {
    if (this.#isStarted) {
      this.#isStarted = false;
      this.#timer?.cancel();
      this.#transport.listen(null);
    }
    await Promise.all([...this.#groups.keys()].map((id) => this.close(id)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Opens this node's member of a group: loads its disk, restores its state machine, and takes part from then on.
   *
   * @throws TypeError when the group is open, or still closing: a disk has one member at a time; when the machine has only one of
   *   `snapshot` and `restore`
   * @throws RangeError when a setting makes no sense
   * @throws RaftError `ERR_RAFT_STORAGE` when the disk does not hold what it lists; `ERR_RAFT_STOPPED` when it was closed meanwhile
   */
  async open(id: string, init: GroupInit, components: Omit<GroupComponents, 'clock'>): Promise<RaftGroup> {
    checkInit(init, this.#tickMs);
    checkMachine(components.machine);
    if (this.#groups.has(id)) throw new TypeError(`group ${id} is open on this node already`);
    const opening = RaftGroup.load(id, init, (message) => this.#send(id, message), {
      onProblem: this.#report,
      ...components,
      clock: this.#clock,
    });
    const opened: Opened = { group: null, opening, closing: null };
    this.#groups.set(id, opened);
    let group: RaftGroup;
    try {
      group = await opening;
    } catch (error) {
      if (opened.closing === null) this.#groups.delete(id);
      throw error;
    }
    if (opened.closing !== null) {
      throw new RaftError('ERR_RAFT_STOPPED', `group ${id} was closed while it was being opened`);
    }
    opened.group = group;
    return group;
  }

  /** Closes one group; the others go on. Resolves when its disk and its state machine are at rest (see `RaftGroup.stop`). */
  async close(id: string): Promise<void> {
    const opened = this.#groups.get(id);
    if (opened === undefined) return;
    opened.closing ??= this.#close(id, opened);
    await opened.closing;
  }

  async #close(id: string, { opening }: Opened): Promise<void> {
    // One that could not be opened has nothing to stop; whoever opened it hears why.
    const group = await opening.catch(() => null);
    await group?.stop();
    this.#groups.delete(id);
  }

  /** Armed again after each run, never in a fixed rhythm: after a pause it fires once, not once for every tick missed. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#tickMs, () => {
      if (!this.#isStarted) return;
      for (const { group } of this.#groups.values()) group?.tick();
      // Whoever heard of a role may have stopped this host, and started it again.
      if (this.#isStarted) this.#arm();
    });
  }

  #receive(packet: readonly Envelope[]): void {
    if (!Array.isArray(packet)) {
      this.#report({ group: null, kind: 'message-dropped', reason: 'a packet must be a list of envelopes' });
      return;
    }
    for (const envelope of packet as readonly (Envelope | null | undefined)[]) {
      // Of a group that is not, or no longer, on this node: nothing is wrong with that.
      this.#groups.get(envelope?.group as string)?.group?.receive(envelope!.message);
    }
  }

  #send(group: string, message: Message): void {
    this.#packets.add(group, message);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    this.#packets.take((node, lane, packet) => {
      callSafely('send', { group: null, report: this.#report }, () => this.#transport.send(node, lane, packet));
    });
  }
}
