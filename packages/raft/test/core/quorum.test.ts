import fc from 'fast-check';
import { expect, test } from 'vitest';
import { majorityIndex, majorityOf, majorityVote } from '../../src/core/quorum.js';
import { type MemberId, memberId } from '../../src/index.js';

const voters: MemberId[] = Array.from({ length: 7 }, (_, at) => memberId(`n${at}`, 's'));

// openraft 1802: an optimised quorum index that lost its order. Compared with the definition itself.
test('given any acknowledgements, the quorum index is the highest that a majority has reached', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }), (matches) => {
      const some = voters.slice(0, matches.length);
      const found = majorityIndex(some, (voter) => matches[some.indexOf(voter)]!);
      const holders = (index: number): number => matches.filter((match) => match >= index).length;
      expect(holders(found)).toBeGreaterThanOrEqual(majorityOf(some.length));
      expect(holders(found + 1)).toBeLessThan(majorityOf(some.length));
    }),
  );
});

test('given any votes, they are won or lost exactly when the missing ones cannot change it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(true, false, undefined), { minLength: 1, maxLength: 7 }), (votes) => {
      const some = voters.slice(0, votes.length);
      const result = majorityVote(some, (voter) => votes[some.indexOf(voter)]);
      const granted = votes.filter((vote) => vote === true).length;
      const open = votes.filter((vote) => vote === undefined).length;
      const canWin = granted + open >= majorityOf(votes.length);
      const hasWon = granted >= majorityOf(votes.length);
      expect(result).toBe(hasWon ? 'won' : canWin ? 'pending' : 'lost');
    }),
  );
});
