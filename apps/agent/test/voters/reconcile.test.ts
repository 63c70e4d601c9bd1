import { type Configuration, type MemberId, memberId, nodeOf } from '@commitlog/raft';
import { describe, expect, it } from 'vitest';
import { type Change, type ClusterView, reconcile } from '../../src/voters/reconcile.js';

const settings = { stableMs: 1000, graceMs: 60_000 };
const nowMs = 1_000_000;
const ids = (names: string): MemberId[] => names.split('').map((name) => memberId(name, '1'));

/** A cluster whose voters, learners and strangers are named by one letter each; all alive, all learners ready. */
function cluster(voters: string, learners = '', strangers = '', more: Partial<ClusterView> = {}): ClusterView {
  const members = ids(voters + learners + strangers);
  return {
    nowMs,
    self: ids(voters)[0]!,
    configuration: { voters: ids(voters), outgoing: [], learners: ids(learners) },
    targetVoters: 3,
    nodes: new Map(members.map((member) => [nodeOf(member), { member, failedSinceMs: undefined }])),
    removed: new Set(),
    caughtUpSinceMs: new Map(ids(learners).map((member) => [member, nowMs - settings.stableMs])),
    ...more,
  };
}

function withFailed(view: ClusterView, node: string, sinceMs = nowMs - settings.graceMs): ClusterView {
  const nodes = new Map(view.nodes).set(node, { member: memberId(node, '1'), failedSinceMs: sinceMs });
  return { ...view, nodes };
}

function withNewDisk(view: ClusterView, node: string, caughtUpSinceMs?: number): ClusterView {
  const member = memberId(node, '2');
  const nodes = new Map(view.nodes).set(node, { member, failedSinceMs: undefined });
  if (caughtUpSinceMs === undefined) return { ...view, nodes };
  const { voters, learners } = view.configuration;
  const configuration = { voters, outgoing: [], learners: [...learners, member] };
  return { ...view, nodes, configuration, caughtUpSinceMs: new Map([[member, caughtUpSinceMs]]) };
}

/** Who votes and who learns after the change, as letters and disks. */
function shown(change: Change | undefined): string | undefined {
  return change && `${change.wanted.voters.join(' ')} | ${change.wanted.learners.join(' ')}`;
}

const after = (view: ClusterView): string | undefined => shown(reconcile(view, settings));

describe('reconcile', () => {
  it('given members as they should be, then nothing', () => {
    expect(after(cluster('abc'))).toBeUndefined();
    expect(after(cluster('abc', 'de'))).toBeUndefined();
    expect(after(cluster('a'))).toBeUndefined();
  });

  it('given a change under way, then nothing, whatever else there is to do', () => {
    const view = cluster('abc', '', 'd');
    const configuration: Configuration = { ...view.configuration, outgoing: ids('ab') };
    expect(after({ ...view, configuration })).toBeUndefined();
  });

  it('given nodes that came, then they learn; those that were removed, or failed meanwhile, do not', () => {
    expect(after(cluster('a', '', 'bc'))).toBe('a@1 | b@1 c@1');
    expect(after(cluster('a', '', 'bc', { removed: new Set(['b']) }))).toBe('a@1 | c@1');
    expect(after(withFailed(cluster('a', '', 'b'), 'b', nowMs))).toBeUndefined();
  });

  it('given one learner, then it waits; given two, then one voter becomes three in one step', () => {
    expect(after(cluster('a', 'b'))).toBeUndefined();
    expect(after(cluster('a', 'bc'))).toBe('a@1 b@1 c@1 | ');
    expect(after(cluster('a', 'bcde', '', { targetVoters: 5 }))).toBe('a@1 b@1 c@1 | d@1 e@1');
    expect(after(cluster('abc', 'de', '', { targetVoters: 5 }))).toBe('a@1 b@1 c@1 d@1 e@1 | ');
    expect(after(cluster('abc', 'd', '', { targetVoters: 5 }))).toBeUndefined();
  });

  it('given two voters, one having been removed, then one learner makes three', () => {
    expect(after(cluster('ab', 'c'))).toBe('a@1 b@1 c@1 | ');
  });

  it('given a learner that has not caught up, or only just, then it gets no vote', () => {
    const caughtUpSinceMs = new Map([
      [memberId('b', '1'), nowMs],
      [memberId('c', '1'), nowMs - 5000],
    ]);
    expect(after(cluster('a', 'bc', '', { caughtUpSinceMs }))).toBeUndefined();
    expect(after(cluster('a', 'bc', '', { caughtUpSinceMs: new Map() }))).toBeUndefined();
  });

  it('given a voter that failed, then a learner takes its place after the grace period, and it may come back to learn', () => {
    expect(after(withFailed(cluster('abc', 'd'), 'c'))).toBe('a@1 b@1 d@1 | c@1');
    expect(after(withFailed(cluster('abc', 'd'), 'c', nowMs - settings.graceMs + 1))).toBeUndefined();
  });

  it('given a voter that failed and nobody to take its place, then it stays, for ever', () => {
    expect(after(withFailed(cluster('abc'), 'c', 0))).toBeUndefined();
    expect(after(withFailed(withFailed(cluster('abc', 'd'), 'c', 0), 'd', 0))).toBeUndefined();
  });

  it('given two voters that failed, then one is swapped, and the other after that', () => {
    expect(after(withFailed(withFailed(cluster('abcde', 'fg', '', { targetVoters: 5 }), 'd'), 'e'))).toBe(
      'a@1 b@1 c@1 f@1 e@1 | g@1 d@1',
    );
  });

  it('given the leader, which gossip takes for failed, then nothing: it knows better', () => {
    expect(after(withFailed(cluster('abc', 'd'), 'a'))).toBeUndefined();
  });

  it('given a voter that came back with another disk, then that learns first, then takes the place, and the old one is gone', () => {
    expect(after(withNewDisk(cluster('abc'), 'c'))).toBe('a@1 b@1 c@1 | c@2');
    expect(after(withNewDisk(cluster('abc'), 'c', nowMs))).toBeUndefined();
    expect(after(withNewDisk(cluster('abc'), 'c', nowMs - 1000))).toBe('a@1 b@1 c@2 | ');
  });

  it('given a learner that came back with another disk, then that learns in its place', () => {
    expect(after(withNewDisk(cluster('abc', 'd'), 'd'))).toBe('a@1 b@1 c@1 | d@2');
  });

  it('given a lower number of voters, then two at a time learn: those that failed first, the leader never', () => {
    expect(after(cluster('abcde'))).toBe('a@1 b@1 c@1 | e@1 d@1');
    expect(after(withFailed(cluster('abcde'), 'b'))).toBe('a@1 c@1 d@1 | b@1 e@1');
    expect(after(cluster('abc', '', '', { targetVoters: 1 }))).toBe('a@1 | c@1 b@1');
  });

  it('given nodes that were removed, then they leave, and learners that have the log take their places', () => {
    const removed = (...names: string[]) => ({ removed: new Set(names) });
    expect(after(cluster('abc', 'de', '', removed('b')))).toBe('a@1 c@1 d@1 | e@1');
    expect(after(cluster('abc', 'd', '', removed('d')))).toBe('a@1 b@1 c@1 | ');
    expect(after(cluster('abc', '', '', removed('a')))).toBe('b@1 c@1 | ');
    expect(after(cluster('abc', '', '', removed('b', 'c')))).toBe('a@1 | ');
  });

  it('given two voters that are left, then the next learner that has the log is the third', () => {
    expect(after(cluster('ab', 'c'))).toBe('a@1 b@1 c@1 | ');
  });

  it('given the last voter, then it stays, removed or not', () => {
    expect(after(cluster('a', '', '', { removed: new Set(['a']) }))).toBeUndefined();
  });

  it('given any cluster, then asking again and again comes to rest, with as many voters as can be, one per node, and the leader among them', () => {
    for (let seed = 0; seed < 2000; seed += 1) {
      let view = drawn(seed);
      const before = view.configuration.voters.length;
      for (let step = 0; step < 20; step += 1) {
        const change = reconcile(view, settings);
        if (change === undefined) break;
        const { wanted } = change;
        expect(wanted.voters).toContain(view.self);
        expect(new Set(wanted.voters.map(nodeOf)).size).toBe(wanted.voters.length);
        expect(new Set([...wanted.voters, ...wanted.learners]).size).toBe(
          wanted.voters.length + wanted.learners.length,
        );
        view = settled(view, change);
        expect(step).toBeLessThan(19);
      }
      const { length } = view.configuration.voters;
      expect(length).toBeGreaterThanOrEqual(Math.min(before, view.targetVoters));
    }
  });
});

/** The change was made, and time has passed: whoever learns, and is alive, has caught up. */
function settled(view: ClusterView, { wanted }: Change): ClusterView {
  const later = view.nowMs + 10_000;
  const caughtUpSinceMs = new Map(wanted.learners.map((learner) => [learner, view.nowMs]));
  return { ...view, nowMs: later, configuration: { ...wanted, outgoing: [] }, caughtUpSinceMs };
}

function drawn(seed: number): ClusterView {
  const bits = (from: number, count: number): number => (Math.imul(seed + 1, 0x9e3779b1) >>> from) % 2 ** count;
  const voters = 'abcde'.slice(0, 1 + (bits(0, 3) % 5));
  const learners = 'fghi'.slice(0, bits(3, 2));
  const strangers = 'jkl'.slice(0, bits(5, 2));
  let view = cluster(voters, learners, strangers, { targetVoters: [1, 3, 5, 3][bits(7, 2)]! });
  for (const [at, node] of [...view.nodes.keys()].entries()) {
    if (node !== 'a' && bits(9 + at, 1) === 1 && bits(12 + at, 1) === 1) view = withFailed(view, node, 0);
    else if (node !== 'a' && bits(20, 3) === at) view = withNewDisk(view, node);
  }
  return view;
}
