import { rm } from 'node:fs/promises';
import { adminV1 } from '@commitlog/api';
import type { NodeProcess, ProcessCluster } from '../cluster.js';
import { flipByte, isMended } from '../damage.js';
import { followerOf, isCaughtUp, membersOf, pause, type Scenario, type Stage, until } from '../stage.js';

/** Disks that are lost, damaged, full, hang, or lose their power. */
export const ofDisks: readonly Scenario[] = [
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
      const healthy = cluster.running.find((node) => node !== follower)!;
      // So much that a segment more is sealed on each node.
      await load.acknowledge(20_000);
      await until('it has that, too', () => isCaughtUp(cluster, follower.name));
      let damage: Awaited<ReturnType<typeof flipByte>> | undefined;
      await disturb(async () => {
        await cluster.signal(follower, 'SIGKILL');
        damage = await flipByte(cluster.dataDir(follower.name));
        await cluster.start(follower);
      });
      await until('the damaged replica serves what the others do', () => isMended(cluster, follower, healthy, damage!));
    },
  },
  {
    // nats-server 5382, canonical/raft 320: full, then a restart; refused, never wiped, and well again when there is room.
    name: 'full-disk',
    cycles: 3,
    needs: 'disks',
    cycle: async (stage) => {
      const { cluster } = stage;
      await fillDiskOf(stage, await cluster.leader(3));
      await fillDiskOf(stage, await followerOf(cluster));
    },
  },
  {
    // Jepsen on NATS 2.12.1: what was acknowledged is on the disks, not in the page cache of some.
    name: 'power-cut',
    cycles: 10,
    needs: 'disks',
    cycle: async (stage) => {
      const { cluster, load } = stage;
      await cutPowerOf(stage, [await cluster.leader(3)]);
      await load.acknowledge(100);
      await cutPowerOf(stage, cluster.nodes);
    },
  },
  {
    // hashicorp/raft 503: the leader's disk hangs, and leadership moves.
    name: 'freeze-disk',
    cycles: 5,
    needs: 'disks',
    cycle: async ({ cluster, disturb, disks }) => {
      const leader = await cluster.leader(3);
      const disk = disks!.of(leader);
      await disturb(() => disk.freeze());
      await pause();
      await disk.thaw();
      await until('it has what it has missed', () => isCaughtUp(cluster, leader.name));
    },
  },
];

async function fillDiskOf({ cluster, disturb, disks }: Stage, node: NodeProcess): Promise<void> {
  const disk = disks!.of(node);
  await disturb(async () => {
    await disk.fill();
    await until(`${node.name} refuses entries`, async () => (await isRefusing(cluster, node)) === true);
  });
  await cluster.signal(node, 'SIGKILL');
  await cluster.start(node);
  await disk.free();
  await until(`${node.name} takes entries again`, async () => (await isRefusing(cluster, node)) === false);
  await until('it has what it has missed', () => isCaughtUp(cluster, node.name));
}

async function isRefusing(cluster: ProcessCluster, node: NodeProcess): Promise<boolean | undefined> {
  const { commitlog_log_storage_refusing: refusing } = await cluster.gauges(node);
  return refusing === undefined ? undefined : refusing === 1;
}

async function cutPowerOf({ cluster, disturb, disks }: Stage, nodes: readonly NodeProcess[]): Promise<void> {
  await disturb(async () => {
    await Promise.all(nodes.map((node) => disks!.of(node).cutPower()));
    await Promise.all(nodes.map((node) => cluster.signal(node, 'SIGKILL')));
    for (const node of nodes) await disks!.of(node).restore();
    await cluster.start(...nodes);
  });
}

async function storageIdsOf(cluster: ProcessCluster, node: string) {
  return (await membersOf(cluster, node)).map(({ storageId: id, role }) => ({ id, role }));
}
