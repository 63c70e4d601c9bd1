import { expect, test } from 'vitest';
import { MembershipSummary } from '../../sim/summary.js';

const run = {
  seed: '0x1',
  nodes: 3,
  violation: null,
  vacuous: null,
  simulatedMs: 1,
  events: 1,
  detectMs: [5_000],
  sometimes: { rare: 1 },
};

function summaryOf(plain: number, lifeguard: number, detectMs: readonly number[] = run.detectMs): MembershipSummary {
  const summary = new MembershipSummary();
  for (let seed = 0; seed < 20; seed++) summary.add({ ...run, detectMs });
  summary.addBeside({ isLifeguardOn: false, count: plain });
  summary.addBeside({ isLifeguardOn: true, count: lifeguard });
  return summary;
}

test.each([
  ['fifty times fewer false positives with Lifeguard', summaryOf(500, 10), []],
  ['one too many', summaryOf(500, 11), [/11 false positives with Lifeguard, 500 without: not 50 times fewer/]],
  ['too few to spare any', summaryOf(499, 0), [/only 499 false positives without Lifeguard/]],
  ['no kill that was timed', summaryOf(500, 0, []), [/no kill was timed/]],
])('given %s, then the swarm says so', (_what, summary, complaints) => {
  expect(summary.complaints).toEqual(complaints.map((complaint) => expect.stringMatching(complaint)));
  expect(summary.isGood).toBe(complaints.length === 0);
});

test('given a violation, or a seed that proves nothing, then the swarm is not good', () => {
  for (const wrong of [{ violation: { invariant: 'i', what: 'w', atMs: 1 } }, { vacuous: 'nothing happened' }]) {
    const summary = summaryOf(500, 0);
    summary.add({ ...run, ...wrong });
    expect(summary.isGood).toBe(false);
  }
});

test('given many seeds, none of which reached a rare state, then the swarm says which', () => {
  const summary = summaryOf(500, 0);
  for (let seed = 0; seed < 300; seed++) summary.add({ ...run, sometimes: { rarer: 0 } });
  expect(summary.complaints).toEqual(['never reached: rarer']);
});
