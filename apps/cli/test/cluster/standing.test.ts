import { describe, expect, it } from 'vitest';
import { standingOf, type VoterStanding } from '../../src/cluster/standing.js';

/** One voter for each letter: up, down, suspected, left, unseen. */
function voters(letters: string): VoterStanding[] {
  const healths = { u: 'alive', d: 'failed', s: 'suspect', l: 'left', '?': 'unknown' } as const;
  return Array.from(letters).map((letter, at) => ({
    nodeId: `n${at + 1}`,
    health: healths[letter as keyof typeof healths],
  }));
}

describe('how a cluster stands, in a sentence', () => {
  it.each([
    ['uuu', 1, true, 'All 3 voters are up: one more node may be lost, and appends go on.'],
    ['uuuuu', 2, true, 'All 5 voters are up: 2 more nodes may be lost, and appends go on.'],
    ['u', 0, true, 'The only voter is up: no node may be lost without stopping appends.'],
    ['uu', 0, true, 'Both voters are up: no node may be lost without stopping appends.'],
    ['uud', 0, false, '2 of 3 voters are up (n3 is down): no node may be lost without stopping appends.'],
    ['uusuu', 1, false, '4 of 5 voters are up (n3 is suspected): one more node may be lost, and appends go on.'],
    [
      'ul?',
      -1,
      false,
      '1 of 3 voters is up (n2 is stopped, n3 is unseen): 1 more must come back before appends go on (2 of 3 must run); what is committed can be read.',
    ],
  ])('%s', (letters, mayBeLost, isWell, sentence) => {
    expect(standingOf(voters(letters), 'n1')).toMatchObject({ mayBeLost, isWell, sentence });
  });

  it('without a leader not all is well', () => {
    expect(standingOf(voters('uuu'), '')).toMatchObject({
      isWell: false,
      sentence: 'All 3 voters are up: a leader is being elected; then one more node may be lost, and appends go on.',
    });
  });
});
