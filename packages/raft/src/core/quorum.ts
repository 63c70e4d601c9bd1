import type { MemberId } from './member.js';

/** How many of `count` voters are a majority. */
export function majorityOf(count: number): number {
  return (count >>> 1) + 1;
}

/**
 * The highest index that a majority of the voters has reached.
 *
 * Sorted from the ground up at each call, in a buffer of its own: an index kept in order from call to call lost its order once,
 * and committed without a quorum (openraft 1802). For the few voters that Raft has, an insertion sort costs nothing.
 */
export function majorityIndex(voters: readonly MemberId[], matchOf: (voter: MemberId) => number): number {
  if (voters.length === 0) return Number.MAX_SAFE_INTEGER;
  const descending: number[] = [];
  for (const voter of voters) {
    const match = matchOf(voter);
    let at = descending.length;
    while (at > 0 && descending[at - 1]! < match) at -= 1;
    descending.splice(at, 0, match);
  }
  return descending[majorityOf(voters.length) - 1]!;
}

/** What the votes so far say: `won` and `lost` are final, `pending` needs more answers. */
export type VoteResult = 'won' | 'lost' | 'pending';

/** @param voteOf true: granted, false: refused, undefined: no answer yet */
export function majorityVote(
  voters: readonly MemberId[],
  voteOf: (voter: MemberId) => boolean | undefined,
): VoteResult {
  if (voters.length === 0) return 'won';
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const vote = voteOf(voter);
    if (vote === true) granted += 1;
    else if (vote === false) refused += 1;
  }
  const needed = majorityOf(voters.length);
  if (granted >= needed) return 'won';
  return refused > voters.length - needed ? 'lost' : 'pending';
}
