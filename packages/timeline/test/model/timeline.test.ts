import { describe, expect, test } from 'vitest';
import { changesBetween } from '../../src/model/node-state.js';
import { Timeline } from '../../src/model/timeline.js';
import { parseLine } from '../../src/trace/parse.js';
import { leaderDeath, TraceWriter } from '../traces.js';

const of = (trace: TraceWriter): Timeline => Timeline.of(trace.text);

test('given a trace, then there is a lane for each node, and each looks like what it was in its term', () => {
  const timeline = of(leaderDeath());
  expect(timeline.lanes.map(({ name }) => name)).toEqual(['n1', 'n2', 'n3']);
  const spans = timeline.lanes[0]!.spans.map(({ look, term, fromMs }) => [look, term, fromMs]);
  expect(spans).toEqual([
    ['follower', 1, 0],
    ['candidate', 2, 100],
    ['leader', 2, 107],
    ['down', 2, 165],
  ]);
});

test('given ten nodes, then they stand in the order in which people count', () => {
  const trace = new TraceWriter();
  for (const node of ['n10@s1', 'n2@s1', 'n1@s1']) trace.add(1, node, 'role', { role: 'follower' });
  expect(of(trace).lanes.map(({ name }) => name)).toEqual(['n1', 'n2', 'n10']);
});

test('given terms, then each begins with the first node that is in it, and knows who led it', () => {
  expect(of(leaderDeath()).terms).toEqual([
    { term: 1, fromMs: 0, leader: null },
    { term: 2, fromMs: 100, leader: 'n1' },
    { term: 3, fromMs: 277, leader: 'n2' },
  ]);
});

test('given a stream that begins in the middle, then its first event says the vote, and what is on disk', () => {
  const trace = new TraceWriter();
  const standing = { vote: 'n2@s1', durable: 7, logStart: 3 };
  trace.add(1, 'n1@s1', 'role', { role: 'follower', leader: 'n2@s1', term: 2, index: 7, commit: 6, ...standing });
  trace.add(2, 'n1@s1', 'role', { role: 'follower', leader: null, term: 2, index: 7, commit: 6 });
  const [lane] = of(trace).lanes;
  expect(lane!.lastState).toMatchObject({ ...standing, leader: null });
});

describe('states', () => {
  const timeline = of(leaderDeath());
  const [n1, n2] = timeline.lanes;
  const granted = timeline.entries.find(({ event }) => event.event === 'vote')!;

  test('at an instant, every node is what its last event before made it', () => {
    expect(n2!.stateAt(granted)).toMatchObject({ life: 'up', role: 'follower', term: 2, vote: 'n1@s1', leader: null });
    expect(n1!.stateAt(granted)).toMatchObject({ role: 'candidate', term: 2, vote: null });
    const last = timeline.entries.at(-1)!;
    expect(n1!.stateAt(last)).toMatchObject({ life: 'down', commit: 2, last: 2 });
    expect(n2!.stateAt(last)).toMatchObject({ role: 'leader', leader: 'n2@s1', vote: null, durable: 2, term: 3 });
  });

  test('an event says what it has changed, and nothing else', () => {
    const changes = changesBetween(n2!.stateBefore(granted), n2!.stateAt(granted));
    expect(changes).toEqual([{ field: 'vote', before: null, after: 'n1@s1' }]);
  });

  test('of two events at one time, the first does not know the second', () => {
    const received = timeline.entries.find(({ event }) => event.event === 'receive' && event.cause === 'vote-granted')!;
    expect(n1!.stateAt(received).role).toBe('candidate');
    expect(n1!.stateAt(timeline.entries[timeline.positionOf(received) + 1]!).role).toBe('leader');
  });

  test('a pre-vote is no vote, and a refused one neither', () => {
    const trace = new TraceWriter();
    trace.add(1, 'n1@s1', 'vote', { candidate: 'n2@s1', isGranted: true, isPreVote: true, term: 1 });
    trace.add(1, 'n1@s1', 'vote', { candidate: 'n2@s1', isGranted: false });
    expect(of(trace).lanes[0]!.lastState).toMatchObject({ life: 'up', vote: null });
  });

  test('what the network does to a message says nothing of its sender, which may be down, or another member by now', () => {
    const trace = leaderDeath();
    const before = of(trace).lanes[0]!.lastState;
    const message = { kind: 'append', message: 9, to: 'n2@s1', messageTerm: 2 };
    trace.add(1, 'n1@s1', 'lost', { cause: 'the link is cut', term: 0, index: 0, commit: 0, ...message });
    expect(of(trace).lanes[0]!.lastState).toEqual(before);
  });

  test.each(['constructor', '__proto__', 'emperor', 7, null])('a role that is none, %j, changes none', (role) => {
    const trace = new TraceWriter().add(1, 'n1@s1', 'role', { role: 'candidate', term: 1 });
    const timeline = of(trace.add(1, 'n1@s1', 'role', { role }));
    expect(timeline.lanes[0]!.lastState.role).toBe('candidate');
    expect(timeline.lanes[0]!.spans.map(({ look }) => look)).toEqual(['candidate']);
  });

  test('a new term is nobody’s: a leader that hands over leads it no more, whatever it tells first', () => {
    const trace = new TraceWriter().add(1, 'n1@s1', 'role', { role: 'leader', term: 7 });
    trace.add(1, 'n1@s1', 'transfer', { to: 'n2@s1', term: 8, cause: 'another leads' });
    expect(of(trace).lanes[0]!.lastState).toMatchObject({ role: 'follower', term: 8, leader: null, vote: null });
  });

  test('a log that is cut is no longer than that on disk', () => {
    const trace = new TraceWriter();
    trace.add(1, 'n1@s1', 'persisted', { index: 9, durable: 9 }).add(1, 'n1@s1', 'truncate', { index: 4, from: 5 });
    expect(of(trace).lanes[0]!.lastState).toMatchObject({ last: 4, durable: 4 });
  });
});

describe('messages', () => {
  test('both ends are joined, by the names and numbers that they share', () => {
    const { messages } = of(leaderDeath());
    const told = messages.map(({ name, send, receive, lost }) => [name, send?.atMs, receive?.atMs ?? null, lost]);
    expect(told).toEqual([
      ['request-vote', 101, 103, null],
      ['vote-granted', 105, 107, null],
      ['append', 109, 111, null],
      ['append-accepted', 113, 115, null],
      ['append-accepted', 175, null, 'nobody is there'],
    ]);
  });

  test('given a sender that counts anew in its next life, then the receipt is of the message that was sent last', () => {
    const trace = new TraceWriter();
    trace.add(1, 'n1@s1', 'send', { cause: 'heartbeat', message: 1, to: 'n2@s1', messageTerm: 1 });
    trace.add(9, 'n1@s1', 'start');
    trace.message(10, 'n1@s1', 'n2@s1', 'heartbeat', 1, 5);
    const [first, second] = of(trace).messages;
    expect([first!.receive, second!.send!.atMs, second!.receive!.atMs]).toEqual([null, 20, 25]);
  });

  test('given many alike, of which some are lost, then the last one sent that still waits is received first, then each once', () => {
    const trace = new TraceWriter();
    const [n1, n2] = ['n1@s1', 'n2@s1'];
    const alike = { cause: 'heartbeat', message: 1, messageTerm: 1 };
    for (let sent = 0; sent < 4; sent++) trace.add(1, n1, 'send', { ...alike, to: n2 });
    trace.add(6, n1, 'lost', { ...alike, cause: 'the link is cut', kind: 'heartbeat', to: n2 });
    for (let received = 0; received < 4; received++) trace.add(1, n2, 'receive', { ...alike, from: n1 });
    const told = of(trace).messages.map(({ send, receive, lost, isDuplicate }) => [
      send!.atMs,
      receive?.atMs ?? lost,
      isDuplicate,
    ]);
    expect(told).toEqual([
      [1, 13, false],
      [2, 12, false],
      [3, 11, false],
      [4, 'the link is cut', false],
      [4, 14, true],
    ]);
  });

  test('given a message that the network doubles, then there are two arrows from one sending', () => {
    const trace = new TraceWriter();
    trace.message(1, 'n1@s1', 'n2@s1', 'heartbeat', 1, 5);
    trace.add(3, 'n2@s1', 'receive', { cause: 'heartbeat', message: 1, from: 'n1@s1', messageTerm: 1 });
    const arrows = of(trace).messages.map(({ send, receive, isDuplicate }) => [send!.atMs, receive!.atMs, isDuplicate]);
    expect(arrows).toEqual([
      [1, 6, false],
      [1, 9, true],
    ]);
  });

  test('given a message that is not acted on, then it knows why', () => {
    const trace = new TraceWriter();
    trace.message(1, 'n1@s1', 'n2@s1', 'request-vote', 7, 5);
    trace.add(0, 'n2@s1', 'drop', { cause: 'the leader is alive', message: 7, from: 'n1@s1' });
    expect(of(trace).messages[0]).toMatchObject({ ignored: 'the leader is alive' });
  });

  test('in a time, those under way are found, also those that began long before', () => {
    const trace = new TraceWriter();
    trace.add(0, 'n1@s1', 'send', { cause: 'append', message: 1, to: 'n2@s1', messageTerm: 1 });
    for (let message = 2; message < 50; message++) trace.message(1, 'n1@s1', 'n2@s1', 'heartbeat', message, 1);
    trace.add(1, 'n2@s1', 'receive', { cause: 'append', message: 1, from: 'n1@s1', messageTerm: 1 });
    const found = of(trace).messagesIn(50, 51);
    expect(found[0]!.name).toBe('append');
    expect(found.filter(({ name }) => name === 'heartbeat').map(({ id }) => id)).toContain(26);
    expect(found.every(({ send }) => send!.atMs <= 51)).toBe(true);
  });
});

test('given a cut network, then it is cut until it heals, and knows which links', () => {
  const trace = new TraceWriter();
  trace.add(5, 'world', 'partition', { cut: [['n1', 'n2']] });
  trace.add(5, 'world', 'partition', {
    cut: [
      ['n1', 'n2'],
      ['n2', 'n1'],
    ],
  });
  trace.add(5, 'world', 'heal', { cut: [] });
  const cuts = of(trace).cuts.map(({ fromMs, toMs, links }) => [fromMs, toMs, links.length]);
  expect(cuts).toEqual([
    [5, 10, 1],
    [10, 15, 2],
  ]);
});

describe('live', () => {
  const lines = leaderDeath().lines.map((line, at) => parseLine(line, at));

  test('given streams that deliver in another order, then it comes to the same', () => {
    const timeline = new Timeline();
    for (const name of ['n3', 'n2', 'n1'])
      for (const event of lines) if (event.node.startsWith(name)) timeline.add(event);
    const all = of(leaderDeath());
    expect(timeline.lanes.map(({ spans }) => spans)).toEqual(all.lanes.map(({ spans }) => spans));
    const shown = ({ messages }: Timeline): unknown[] =>
      messages.map(({ name, send, receive, lost }) => [name, send?.atMs, receive?.atMs, lost]);
    expect(shown(timeline)).toEqual(shown(all));
    expect(timeline.entries.map(({ atMs }) => atMs)).toEqual(all.entries.map(({ atMs }) => atMs));
  });

  test('given more than is to be kept, then the first are forgotten, and what is left is as it was', () => {
    const timeline = of(leaderDeath());
    timeline.keepLast(4);
    expect(timeline.entries).toHaveLength(4);
    expect(timeline.messages).toHaveLength(1);
    const last = timeline.entries.at(-1)!;
    expect(timeline.lanes[1]!.stateAt(last)).toMatchObject({ role: 'leader', term: 3, commit: 0, last: 2 });
    expect(timeline.lanes.every(({ entries }) => entries.length <= 4)).toBe(true);
  });

  test('given a node whose every event is forgotten, then it is still what its last one made it, and not before that', () => {
    const timeline = of(leaderDeath());
    const [n1] = timeline.lanes;
    const [first, last] = [timeline.entries[0]!, timeline.entries.at(-1)!];
    const { lastState } = n1!;
    timeline.keepLast(1);
    expect(n1!.entries).toEqual([]);
    expect([n1!.lastState, n1!.stateAt(last), n1!.stateBefore(last)]).toEqual([lastState, lastState, lastState]);
    expect(n1!.stateAt(first).life).toBe('unknown');
    timeline.add(parseLine(leaderDeath().add(1, 'n1@s1', 'resume').lines.at(-1)!, 1));
    expect(n1!.lastState).toEqual({ ...lastState, life: 'up' });
  });
});

test('given traces of several members one behind the other, then they are put in order', () => {
  const { lines } = leaderDeath();
  const apart = ['n1', 'n2', 'n3'].flatMap((name) => lines.filter((line) => line.includes(`"node":"${name}@`)));
  expect(Timeline.of(apart).lanes.map(({ spans }) => spans)).toEqual(of(leaderDeath()).lanes.map(({ spans }) => spans));
});
