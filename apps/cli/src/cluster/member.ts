import { adminV1 } from '@commitlog/api';

/** A node, as results show it. */
export interface ShownMember {
  readonly nodeId: string;
  /** `host:port`; empty where nobody knows. */
  readonly address: string;
  readonly role: 'voter' | 'learner' | 'removed' | 'none';
  /** What gossip says of it; `unknown` where gossip has never seen it. */
  readonly health: 'alive' | 'suspect' | 'failed' | 'left' | 'unknown';
  readonly isLeader: boolean;
  /** Of its data directory; empty where nobody knows. */
  readonly storageId: string;
  /** The highest index that it is known to have on disk; `null` where only the leader knows, and another was asked. */
  readonly matchIndex: number | null;
}

export function shownMember(member: adminV1.Member): ShownMember {
  const { nodeId, address, role, health, isLeader, storageId, matchIndex } = member;
  return {
    nodeId,
    address,
    role: roleOf(role),
    health: healthOf(health),
    isLeader,
    storageId,
    matchIndex: matchIndex === undefined ? null : Number(matchIndex),
  };
}

const { Role, Health } = adminV1;

function roleOf(role: adminV1.Role): ShownMember['role'] {
  switch (role) {
    case Role.VOTER:
      return 'voter';
    case Role.LEARNER:
      return 'learner';
    case Role.REMOVED:
      return 'removed';
    case Role.UNSPECIFIED:
    case Role.UNRECOGNIZED:
      return 'none';
  }
}

function healthOf(health: adminV1.Health): ShownMember['health'] {
  switch (health) {
    case Health.ALIVE:
      return 'alive';
    case Health.SUSPECT:
      return 'suspect';
    case Health.FAILED:
      return 'failed';
    case Health.LEFT:
      return 'left';
    case Health.UNSPECIFIED:
    case Health.UNRECOGNIZED:
      return 'unknown';
  }
}
