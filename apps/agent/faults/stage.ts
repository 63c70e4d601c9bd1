import { setTimeout as sleep } from 'node:timers/promises';
import { adminV1 } from '@commitlog/api';
import type { NodeProcess, ProcessCluster } from './cluster.js';
import type { LoopDisks } from './disk.js';
import type { Load } from './load.js';
import type { Network } from './network.js';

/** What a scenario has to work with. */
export interface Stage {
  readonly cluster: ProcessCluster;
  readonly load: Load;
  /** Does something to the cluster, and notes how long nothing was acknowledged until so many records more are. */
  readonly disturb: (disturb: () => Promise<void>) => Promise<void>;
  /** Of a scenario that asks for it. */
  readonly disks?: LoopDisks;
  readonly network?: Network;
}

export interface Scenario {
  readonly name: string;
  /** How often it is done. */
  readonly cycles: number;
  /** Beside three processes: a disk of its own for each, or a network between them that can be cut. */
  readonly needs?: 'disks' | 'network';
  /** One time, after which all nodes run again. */
  readonly cycle: (stage: Stage) => Promise<void>;
}

/** Longer than elections take, by far. */
const pauseMs = 3000;

/** For as long as a fault is to last that the cluster must get over meanwhile. */
export async function pause(): Promise<void> {
  await sleep(pauseMs);
}

export async function followerOf(cluster: ProcessCluster): Promise<NodeProcess> {
  const leader = await cluster.leader();
  return cluster.running.find((node) => node !== leader)!;
}

export async function membersOf(cluster: ProcessCluster, node: string): Promise<adminV1.Member[]> {
  const { members } = await cluster.client(await cluster.leader(), adminV1.AdminServiceDefinition).listMembers({});
  return members.filter(({ nodeId }) => nodeId === node);
}

/** Whether a node has the log, but for what is on its way. */
export async function isCaughtUp(cluster: ProcessCluster, node: string): Promise<boolean> {
  const { commitIndex } = await cluster
    .client(await cluster.leader(), adminV1.AdminServiceDefinition)
    .getClusterStatus({});
  const [member] = await membersOf(cluster, node);
  const closeEnough = 100n;
  return member?.matchIndex !== undefined && member.matchIndex + closeEnough > commitIndex;
}

/** @throws Error that says so, if it is not so in time */
export async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 180_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`expected within ${timeoutMs} ms that ${what}`);
    await sleep(50);
  }
}
