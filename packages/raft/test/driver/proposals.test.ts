import { expect, test } from 'vitest';
import { type ProposalOutcome, Proposals } from '../../src/driver/proposals.js';
import type { RaftCore } from '../../src/index.js';

test('given a leader that was deposed and leads again, when a low index commits, then its caller need not wait for the higher ones', () => {
  const log = { commitIndex: 4, terms: new Map<number, number>() };
  const core = {
    get commitIndex() {
      return log.commitIndex;
    },
    termAt: (index: number) => log.terms.get(index),
    leader: null,
  } as unknown as RaftCore;
  const proposals = new Proposals(core);
  const outcomes = new Map<string, ProposalOutcome>();
  const settle = (name: string) => (outcome: ProposalOutcome) => void outcomes.set(name, outcome);
  proposals.place(
    [settle('old 5'), settle('old 6'), settle('old 7')],
    [{ kind: 'appended', first: 5, last: 7, term: 1 }],
  );
  // The three were cut, and this member leads term 3 now.
  proposals.place([settle('new 5')], [{ kind: 'appended', first: 5, last: 5, term: 3 }]);
  log.terms.set(5, 3);
  log.commitIndex = 5;
  proposals.settle();
  expect(outcomes.get('new 5')).toEqual({ kind: 'committed', index: 5, term: 3 });
  expect(outcomes.get('old 5')).toMatchObject({ kind: 'not-applied', reason: 'overwritten' });
  expect(outcomes.has('old 6')).toBe(false);
  proposals.end('stopped');
  expect(outcomes.get('old 6')).toEqual({ kind: 'unknown', reason: 'stopped' });
});
