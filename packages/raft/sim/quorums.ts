import type { Configuration, MemberId } from '../src/index.js';

function majority(voters: readonly MemberId[], isThere: (member: MemberId) => boolean): boolean {
  return voters.length === 0 || voters.filter(isThere).length * 2 > voters.length;
}

/** Written anew, not taken from the core: a mistake there must not hide itself here. */
export function isHeldByQuorum(configuration: Configuration, isThere: (member: MemberId) => boolean): boolean {
  return majority(configuration.voters, isThere) && majority(configuration.outgoing, isThere);
}

/** Whether every quorum of one has a member in every quorum of the other. Clusters are small: try them all. */
export function quorumsMeet(one: Configuration, other: Configuration): boolean {
  const members = [...new Set([...one.voters, ...one.outgoing, ...other.voters, ...other.outgoing])];
  for (let chosen = 0; chosen < 2 ** members.length; chosen++) {
    const isIn = (member: MemberId): boolean => (chosen & (1 << members.indexOf(member))) !== 0;
    if (isHeldByQuorum(one, isIn) && isHeldByQuorum(other, (member) => !isIn(member))) return false;
  }
  return true;
}
