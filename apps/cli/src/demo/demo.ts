import type { Commitlog, Position } from '@commitlog/client';
import { LocalCluster, type LocalNode } from '../local-cluster/local-cluster.js';
import { pause, requireGoing } from '../pause.js';
import type { World } from '../world.js';
import { type Acknowledged, countIn } from './count.js';
import { appendThrough } from './failover.js';
import { readFrom } from './follower-read.js';
import { cutLines } from './lines.js';
import { type Onlooker, timelineOf, untilWatched } from './onlooker.js';

/** A line that is longer becomes several records, each in a batch that it fits into with room to spare. */
const recordBytesMax = 512 * 1024;
const nodes = 3;
/** For an onlooker, so much passes between two things that happen. */
const beatMs = 1500;

export interface DemoSettings {
  /** What is appended, line by line. */
  readonly text: Buffer;
  /** An empty directory for the cluster. */
  readonly dir: string;
  /** Whether the cluster is to live on: then it is whole again at the end. */
  readonly isKept: boolean;
  /** Somebody who is to see it happen in a browser: it waits for them, and goes at their pace. */
  readonly onlooker?: Onlooker;
}

/** What is told as soon as it has happened. */
export interface DemoAudience {
  ready(cluster: LocalCluster, leader: LocalNode, readyMs: number): void;
  appended(lines: number, ms: number): void;
  readBack(from: LocalNode, isIdentical: boolean, ms: number): void;
  killed(leader: LocalNode, next: LocalNode, pausedMs: number): void;
  counted(outcome: DemoOutcome): void;
  restarted(node: LocalNode, ms: number): void;
}

/** In ms, whole. */
export interface DemoOutcome {
  /** From the command's start until three nodes voted and one of them led. */
  readonly readyMs: number;
  /** Those that were acknowledged: the text's, and those while the leader died. */
  readonly records: number;
  /** Whether a follower gave the text back, byte for byte. */
  readonly identical: boolean;
  readonly leaderKilled: boolean;
  readonly writesPausedMs: number;
  /** Acknowledged records that the log does not hold. */
  readonly lost: number;
  /** Records that the log holds besides. */
  readonly duplicated: number;
}

/**
 * Shows what a cluster is for, on one of our own: it ends with all its processes, unless it is kept; its directory stays.
 *
 * @throws CommandError `agent-failed`, `interrupted`; CommitlogError
 */
export async function runDemo(settings: DemoSettings, audience: DemoAudience, world: World): Promise<DemoOutcome> {
  const signal = world.interruption();
  const cluster = await LocalCluster.start({ dir: settings.dir, nodes, signal }, world);
  let isLetGo = false;
  try {
    const outcome = await new Demo(settings, audience, cluster, world).run(signal);
    if (!settings.isKept) await settings.onlooker?.untilSeen(signal);
    if (settings.isKept) await cluster.letGo();
    isLetGo = settings.isKept;
    return outcome;
  } catch (error) {
    requireGoing(signal);
    throw error;
  } finally {
    if (!isLetGo) await cluster.stop();
  }
}

class Demo {
  readonly #settings: DemoSettings;
  readonly #audience: DemoAudience;
  readonly #cluster: LocalCluster;
  readonly #world: World;

  constructor(settings: DemoSettings, audience: DemoAudience, cluster: LocalCluster, world: World) {
    this.#settings = settings;
    this.#audience = audience;
    this.#cluster = cluster;
    this.#world = world;
  }

  async run(signal: AbortSignal): Promise<DemoOutcome> {
    const leader = await this.#leader();
    const readyMs = this.#msSince(this.#world.startedMs);
    this.#audience.ready(this.#cluster, leader, readyMs);
    const { onlooker } = this.#settings;
    if (onlooker !== undefined) {
      const { nodes } = this.#cluster;
      // Whoever reloads the page finds it there when the leader is gone.
      const survivors = nodes.filter((node) => node !== leader);
      onlooker.invite(timelineOf(nodes, survivors[0]));
      await untilWatched(nodes, this.#world);
    }
    const { connect } = await import('@commitlog/client');
    const { servers, tls, deadlineMs } = this.#cluster.connection();
    const log = await connect({ servers, tls: tls!, deadlineMs });
    try {
      await this.#beat(signal);
      const text = await this.#appendText(log);
      const identical = await this.#readBack(leader);
      await this.#beat(signal);
      requireGoing(signal);
      const { clock } = this.#world;
      const killLeader = () => this.#cluster.kill(leader.nodeId);
      const failover = await appendThrough(log, { killLeader, clock, signal });
      const writesPausedMs = Math.round(failover.pausedMs);
      this.#audience.killed(leader, await this.#leader(), writesPausedMs);
      const acknowledged = [...text, ...failover.acknowledged];
      const count = await countIn(log, acknowledged);
      const records = acknowledged.length;
      const outcome = { readyMs, records, identical, leaderKilled: leader.process.hasEnded, writesPausedMs, ...count };
      this.#audience.counted(outcome);
      await this.#beat(signal);
      if (this.#settings.isKept) await this.#restart(leader);
      return outcome;
    } finally {
      await log.close();
    }
  }

  async #appendText(log: Commitlog): Promise<Acknowledged[]> {
    const beganMs = this.#world.clock.monotonicMs();
    const { pieces, lines } = cutLines(this.#settings.text, true, recordBytesMax);
    const producer = log.producer();
    const appends: Promise<Position>[] = [];
    for (const value of pieces) {
      await producer.ready;
      appends.push(producer.append(value));
    }
    const places = await Promise.all(appends);
    await producer.close();
    this.#audience.appended(lines, this.#msSince(beganMs));
    return pieces.map((value, at) => ({ value, offset: places[at]!.offset }));
  }

  async #readBack(leader: LocalNode): Promise<boolean> {
    const beganMs = this.#world.clock.monotonicMs();
    const follower = this.#cluster.nodes.find((node) => node !== leader)!;
    const read = await readFrom(follower.address, this.#cluster.layout.tls('reader'));
    const isIdentical = read.equals(this.#settings.text);
    this.#audience.readBack(follower, isIdentical, this.#msSince(beganMs));
    return isIdentical;
  }

  async #restart(node: LocalNode): Promise<void> {
    const beganMs = this.#world.clock.monotonicMs();
    await this.#cluster.restart(node.nodeId);
    this.#audience.restarted(node, this.#msSince(beganMs));
  }

  async #beat(signal: AbortSignal): Promise<void> {
    if (this.#settings.onlooker !== undefined) await pause(beatMs, this.#world.clock, signal);
  }

  async #leader(): Promise<LocalNode> {
    const members = await this.#cluster.members();
    const { nodeId } = members.find(({ isLeader }) => isLeader)!;
    return this.#cluster.nodes.find((node) => node.nodeId === nodeId)!;
  }

  #msSince(beganMs: number): number {
    return Math.round(this.#world.clock.monotonicMs() - beganMs);
  }
}
