import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminV1 } from '@commitlog/api';
import type { NodeProcess, ProcessCluster } from './cluster.js';
import type { Load } from './load.js';

/** What a scenario has to work with. */
export interface Stage {
  readonly cluster: ProcessCluster;
  readonly load: Load;
  /** Does something to the cluster, and notes how long nothing was acknowledged until so many records more are. */
  readonly disturb: (disturb: () => Promise<void>) => Promise<void>;
}

export interface Scenario {
  readonly name: string;
  /** How often it is done. */
  readonly cycles: number;
  /** One time, after which all nodes run again. */
  readonly cycle: (stage: Stage) => Promise<void>;
}

/** Longer than elections take, by far. */
const pauseMs = 3000;

async function followerOf(cluster: ProcessCluster): Promise<NodeProcess> {
  const leader = await cluster.leader();
  return cluster.running.find((node) => node !== leader)!;
}

/** What is done to three processes under load. Comments say which system taught it. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'kill-leader',
    cycles: 20,
    cycle: async ({ cluster, disturb }) => {
      const leader = await cluster.leader(3);
      await disturb(async () => void (await cluster.signal(leader, 'SIGKILL')));
      await cluster.start(leader);
    },
  },
  {
    name: 'kill-follower',
    cycles: 20,
    cycle: async ({ cluster, disturb }) => {
      const follower = await followerOf(cluster);
      await disturb(async () => void (await cluster.signal(follower, 'SIGKILL')));
      await cluster.start(follower);
    },
  },
  {
    // Jepsen on NATS 2.12.1, as far as processes can show it: what the page cache has survives.
    name: 'kill-all',
    cycles: 20,
    cycle: async ({ cluster, disturb }) => {
      await disturb(async () => {
        await Promise.all(cluster.nodes.map((node) => cluster.signal(node, 'SIGKILL')));
        await cluster.start(...cluster.nodes);
      });
    },
  },
  {
    // etcd 20418: one that was paused believes that it leads.
    name: 'pause-leader',
    cycles: 5,
    cycle: async ({ cluster, disturb }) => {
      const leader = await cluster.leader(3);
      await disturb(async () => {
        await cluster.signal(leader, 'SIGSTOP');
      });
      await sleep(pauseMs);
      await cluster.signal(leader, 'SIGCONT');
    },
  },
  {
    name: 'rolling-restart',
    cycles: 3,
    cycle: async ({ cluster, disturb }) => {
      for (const node of cluster.nodes) {
        await cluster.leader(3);
        await disturb(async () => {
          const status = await cluster.signal(node, 'SIGTERM');
          if (status !== 0) throw new Error(`${node.name} was told to stop, and ended with ${status}`);
        });
        await cluster.start(node);
      }
    },
  },
  {
    // Amnesia: a disk that forgot what it promised has no vote until the others have swapped it.
    name: 'wipe-disk',
    cycles: 3,
    cycle: async ({ cluster, disturb }) => {
      const follower = cluster.running.find((node) => node !== cluster.nodes[0])!;
      const before = await storageIdsOf(cluster, follower.name);
      await disturb(async () => {
        await cluster.signal(follower, 'SIGKILL');
        await rm(cluster.dataDir(follower.name), { recursive: true });
        await cluster.start(follower);
      });
      await until('the new disk votes, and the old one is gone', async () => {
        const now = await storageIdsOf(cluster, follower.name);
        return now.length === 1 && now[0]!.role === adminV1.Role.VOTER && now[0]!.id !== before[0]!.id;
      });
    },
  },
  {
    // Jepsen on NATS 2.12.1: a bit flips in a data batch.
    name: 'flip-byte',
    cycles: 3,
    cycle: async ({ cluster, load, disturb }) => {
      const follower = await followerOf(cluster);
      await load.acknowledge(200);
      await disturb(async () => {
        await cluster.signal(follower, 'SIGKILL');
        await flipByte(cluster.dataDir(follower.name));
        await cluster.start(follower);
      });
    },
  },
  {
    name: 'rotate-certificates',
    cycles: 3,
    cycle: async ({ cluster, disturb }) => {
      await disturb(async () => {
        for (const { name } of cluster.nodes) await cluster.certify(name);
        for (const node of cluster.running) await cluster.signal(node, 'SIGHUP');
      });
      const restarted = await followerOf(cluster);
      await cluster.signal(restarted, 'SIGKILL');
      await cluster.start(restarted);
    },
  },
  {
    name: 'add-and-remove',
    cycles: 2,
    cycle: async ({ cluster, disturb }) => {
      const fourth = cluster.nodes.find(({ name }) => name === 'n4') ?? (await cluster.add('n4'));
      if (fourth.process === undefined) await cluster.start(fourth);
      const admin = async () => cluster.client(await cluster.leader(), adminV1.AdminServiceDefinition);
      await until('the fourth node has the log', async () => await isCaughtUp(cluster, 'n4'));
      const out = cluster.running.find((node) => node.name !== 'n4' && node !== cluster.nodes[0])!.name;
      await disturb(async () => {
        await (await admin()).removeMember({ nodeId: out }, { timeoutMs: 30_000 });
      });
      await (await admin()).addMember({ nodeId: out });
      await until('it is back, and has the log', async () => await isCaughtUp(cluster, out));
      await (await admin()).removeMember({ nodeId: 'n4' }, { timeoutMs: 30_000 });
      await until('the three vote again', async () => (await cluster.leader(3)) !== undefined);
      await (await admin()).addMember({ nodeId: 'n4' });
    },
  },
];

async function membersOf(cluster: ProcessCluster, node: string) {
  const { members } = await cluster.client(await cluster.leader(), adminV1.AdminServiceDefinition).listMembers({});
  return members.filter(({ nodeId }) => nodeId === node);
}

async function storageIdsOf(cluster: ProcessCluster, node: string) {
  return (await membersOf(cluster, node)).map(({ storageId: id, role }) => ({ id, role }));
}

async function isCaughtUp(cluster: ProcessCluster, node: string): Promise<boolean> {
  const { commitIndex } = await cluster
    .client(await cluster.leader(), adminV1.AdminServiceDefinition)
    .getClusterStatus({});
  const [member] = await membersOf(cluster, node);
  const closeEnough = 100n;
  return member?.matchIndex !== undefined && member.matchIndex + closeEnough > commitIndex;
}

async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`expected within ${timeoutMs} ms that ${what}`);
    await sleep(50);
  }
}

/** In the middle of the first segment, which is sealed, or of which the first half is synced long since. */
async function flipByte(dataDir: string): Promise<void> {
  const directory = join(dataDir, 'logs', 'default', 'log');
  const [first] = (await readdir(directory)).filter((name) => name.endsWith('.log')).sort();
  const file = await open(join(directory, first!), 'r+');
  try {
    const position = Math.floor((await file.stat()).size / 3);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    byte[0]! ^= 0x10;
    await file.write(byte, 0, 1, position);
    await file.sync();
  } finally {
    await file.close();
  }
}
