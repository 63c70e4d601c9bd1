import { adminV1 } from '@commitlog/api';
import { expect, it } from 'vitest';
import { tagNames } from '../../src/cluster/roster.js';
import { AdminService, type AdminServiceComponents } from '../../src/service/admin-service.js';

const { Health, Role } = adminV1;

function membersSeen(configuration: { voters: string[]; learners: string[] }, disks: Record<string, string>) {
  const gossip = Object.entries(disks).map(([name, disk]) => ({
    name,
    status: 'alive',
    tags: { [tagNames.storage]: disk },
  }));
  const members = new Set([...configuration.voters, ...configuration.learners]);
  const status = { configuration: { configuration }, members: [], leader: 'n1@a' };
  const service = new AdminService({
    log: { member: { status } },
    view: { members, gossip: () => gossip, addressOf: () => '10.0.0.1:7654' },
    removals: { removed: new Set() },
  } as unknown as AdminServiceComponents);
  return service.listMembers().members.map(({ nodeId, storageId, role, health }) => [nodeId, storageId, role, health]);
}

it('given a voter that came back on an empty disk, then its old disk is missed, and the new one is there', () => {
  const seen = membersSeen({ voters: ['n1@a', 'n2@b', 'n3@c'], learners: ['n3@d'] }, { n1: 'a', n2: 'b', n3: 'd' });
  expect(seen).toEqual([
    ['n1', 'a', Role.VOTER, Health.ALIVE],
    ['n2', 'b', Role.VOTER, Health.ALIVE],
    ['n3', 'c', Role.VOTER, Health.FAILED],
    ['n3', 'd', Role.LEARNER, Health.ALIVE],
  ]);
});
