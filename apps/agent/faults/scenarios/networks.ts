import type { Scenario } from '../stage.js';
import { pause } from '../stage.js';

/** Nodes that hear others, and are not heard; or the other way round. */
export const ofNetworks: readonly Scenario[] = [
  {
    // TigerBeetle: no endless elections, whichever way a partition goes.
    name: 'one-way-partition',
    cycles: 3,
    needs: 'network',
    cycle: async ({ cluster, disturb, network }) => {
      const net = network!;
      const ways: readonly ((leader: string, one: string, other: string) => readonly [from: string, to: string][])[] = [
        // It still hears the others, and that another leads.
        (leader, one, other) => [
          [leader, one],
          [leader, other],
        ],
        // It is heard, and never hears that anybody has its records.
        (leader, one, other) => [
          [one, leader],
          [other, leader],
        ],
        // One follower takes its leader for dead; the other knows better.
        (leader, one) => [[leader, one]],
        (leader, one) => [[one, leader]],
      ];
      for (const way of ways) {
        const leader = await cluster.leader(3);
        const [one, other] = cluster.nodes.filter((node) => node !== leader).map(({ name }) => name);
        const before = net.connections;
        if (before === 0) throw new Error('no node has dialled another through its proxy: there is nothing to cut');
        await disturb(async () => {
          for (const [from, to] of way(leader.name, one!, other!)) net.cut(from, to);
        });
        await pause();
        net.heal();
      }
    },
  },
];
