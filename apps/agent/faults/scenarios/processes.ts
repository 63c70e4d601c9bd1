import { followerOf, pause, type Scenario } from '../stage.js';

/** Processes that die, stand still, and are told to stop. */
export const ofProcesses: readonly Scenario[] = [
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
      await disturb(async () => void (await cluster.signal(leader, 'SIGSTOP')));
      await pause();
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
];
