import { adminV1 } from '@commitlog/api';
import { followerOf, isCaughtUp, type Scenario, until } from '../stage.js';

/** What operators change while the cluster runs. */
export const ofChanges: readonly Scenario[] = [
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
