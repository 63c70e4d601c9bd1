/** What is known of one voter: whether gossip sees its node. */
export interface VoterStanding {
  readonly nodeId: string;
  readonly health: 'alive' | 'suspect' | 'failed' | 'left' | 'unknown';
}

/** What a cluster can bear. */
export interface Standing {
  readonly voters: number;
  readonly votersUp: number;
  /** How many of the voters must run: a majority. */
  readonly quorum: number;
  /** How many voters that run may still be lost, one after the other, while appends go on; negative: so many are missing already. */
  readonly mayBeLost: number;
  /** Whether there is a leader, and every voter runs. */
  readonly isWell: boolean;
  /** All of it as a sentence. */
  readonly sentence: string;
}

/** @param voters of the configuration as it is */
export function standingOf(voters: readonly VoterStanding[], leaderId: string): Standing {
  const down = voters.filter(({ health }) => health !== 'alive');
  const [all, up] = [voters.length, voters.length - down.length];
  const quorum = Math.floor(all / 2) + 1;
  const mayBeLost = up - quorum;
  const hasLeader = leaderId !== '';
  return {
    voters: all,
    votersUp: up,
    quorum,
    mayBeLost,
    isWell: hasLeader && down.length === 0,
    sentence: `${runningOf(voters, down)}: ${outlook({ mayBeLost, hasLeader, all, quorum })}.`,
  };
}

function runningOf(voters: readonly VoterStanding[], down: readonly VoterStanding[]): string {
  const all = voters.length;
  if (down.length === 0) {
    if (all === 1) return 'The only voter is up';
    return all === 2 ? 'Both voters are up' : `All ${all} voters are up`;
  }
  const names = down.map(
    ({ nodeId, health }) => `${nodeId} ${health === 'suspect' ? 'is suspected' : `is ${wordOf(health)}`}`,
  );
  return `${all - down.length} of ${all} voters ${all - down.length === 1 ? 'is' : 'are'} up (${names.join(', ')})`;
}

function wordOf(health: VoterStanding['health']): string {
  switch (health) {
    case 'alive':
      return 'up';
    case 'suspect':
      return 'suspected';
    case 'failed':
      return 'down';
    case 'left':
      return 'stopped';
    case 'unknown':
      return 'unseen';
  }
}

interface Outlook {
  readonly mayBeLost: number;
  readonly hasLeader: boolean;
  readonly all: number;
  readonly quorum: number;
}

function outlook({ mayBeLost, hasLeader, all, quorum }: Outlook): string {
  if (mayBeLost < 0) {
    return `${-mayBeLost} more must come back before appends go on (${quorum} of ${all} must run); what is committed can be read`;
  }
  const election = hasLeader ? '' : 'a leader is being elected; then ';
  if (mayBeLost > 0) {
    const nodes = mayBeLost === 1 ? 'one more node' : `${mayBeLost} more nodes`;
    return `${election}${nodes} may be lost, and appends go on`;
  }
  return `${election}no node may be lost without stopping appends`;
}
