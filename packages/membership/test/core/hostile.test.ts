import { Buffer } from 'node:buffer';
import { SeededRandom } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { ByteReader } from '../../src/core/byte-reader.js';
import { decodeExchange, encodeExchange } from '../../src/core/exchange.js';
import { type Message, readTagBytes } from '../../src/core/message.js';
import { decodePacket } from '../../src/core/packet.js';
import { ProbeRing } from '../../src/core/probe-ring.js';
import { decodeTags, encodeTags } from '../../src/core/tags.js';
import { type Effect, incarnationLeapMax } from '../../src/index.js';
import { addressOf, Rig } from './rig.js';

test('given a claim just within the leap, then its refutation is no leap to others, who would then refuse its word for good', () => {
  const rig = new Rig();
  rig.know('a');
  rig.hear('a', { kind: 'suspect', about: 'me', incarnation: incarnationLeapMax, from: 'a' });
  expect(rig.core.self.incarnation).toBe(0);
  rig.hear('a', { kind: 'suspect', about: 'me', incarnation: incarnationLeapMax - 1, from: 'a' });
  expect(rig.core.self.incarnation).toBe(incarnationLeapMax);
  rig.hear('a', { kind: 'failed', about: 'a', incarnation: 1 + incarnationLeapMax, from: 'b' });
  expect(rig.core.member('a')!.status).toBe('alive');
});

test('given a member that is far above what was known of it, then its own word holds, by packet and by stream', () => {
  const far = 2 + incarnationLeapMax;
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('b', rig.alive('a', far));
  expect(rig.core.member('a')!.incarnation).toBe(1);
  rig.hearAt('a', far, rig.alive('a', far));
  expect(rig.core.member('a')!.incarnation).toBe(far);
  const states = [
    { name: 'b', status: 'alive', incarnation: far, address: addressOf('b'), tagBytes: new Uint8Array(0) },
  ] as const;
  rig.step({ kind: 'asked', id: 1, bytes: encodeExchange({ kind: 'push-pull', from: 'b', states }) });
  expect(rig.core.member('b')!.incarnation).toBe(far);
});

test('given tags that change all the time, then the incarnation rises at most about once in a gossip interval, and the last ones are told', () => {
  const rig = new Rig();
  rig.know('a');
  for (let offset = 0; offset < 1_000; offset++) {
    rig.step({ kind: 'set-tags', tags: { offset } });
    expect(rig.core.self.tags).toEqual({ offset });
    rig.pass(1);
  }
  expect(rig.core.self.incarnation).toBeLessThanOrEqual(1 + 1_000 / 200);
  rig.pass(400);
  const told = rig.takeSent().flatMap(({ message }) => (message.kind === 'alive' ? [message] : []));
  expect(Buffer.from(told.at(-1)!.tagBytes).readDoubleBE(8)).toBe(999);
});

test('given tags set while it leaves, then it is not alive again', () => {
  const rig = new Rig();
  rig.know('a');
  rig.step({ kind: 'leave' });
  rig.takeSent();
  rig.step({ kind: 'set-tags', tags: { late: true } });
  rig.pass(500);
  expect(rig.takeSent().filter(({ message }) => message.kind === 'alive' && message.about === 'me')).toEqual([]);
});

test.each(['ping', 'indirect-ping'] as const)('given two of %s in one packet, then neither is answered', (kind) => {
  // Each was answered in as many bytes as the whole packet had: amplification by the number of them.
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('a', { kind, seq: 1, target: 'b' }, { kind, seq: 2, target: 'b' });
  expect(rig.takeSent()).toEqual([]);
  expect(rig.core.counters.malformed).toBe(1);
});

test('given tags read from a buffer that is used again, then they stay as they were', () => {
  const bytes = Buffer.from([0, 2, 7, 8]);
  const read = readTagBytes(new ByteReader(bytes));
  bytes.fill(0);
  expect([...read]).toEqual([7, 8]);
});

test('given a member that goes and comes back all the time, then the others have their turn, and the round stays small', () => {
  const ring = new ProbeRing(new SeededRandom(1), 4);
  const names = ['a', 'b', 'x'];
  // Never heard, so that it is the most silent one.
  const heardMs = (name: string): number => (name === 'x' ? 0 : 5);
  const round: (string | undefined)[] = [];
  for (let turn = 0; turn < 3; turn++) {
    round.push(ring.next(() => names, heardMs));
    for (let times = 0; times < 10; times++) ring.add('x');
  }
  expect(new Set(round)).toEqual(new Set(names));
  for (let other = 0; other < 10; other++) ring.add(`y${other}`);
  expect(ring.size).toBe(4);
});

test('given as many that fail as are remembered while this one leaves, then it does not forget itself', () => {
  const rig = new Rig({ tombstonesMax: 1, tombstoneMs: 60_000, leavePropagateMs: 200_000 });
  rig.know('a', 'b', 'c');
  rig.step({ kind: 'leave' });
  for (const about of ['a', 'b']) rig.hear('c', { kind: 'failed', about, incarnation: 1, from: 'c' });
  expect(rig.core.self.status).toBe('left');
  expect(rig.core.held.tombstones).toBe(1);
  rig.pass(130_000);
  expect(rig.core.self.status).toBe('left');
});

test('given one that left, came back and failed, then it has failed, and is not said to have left again', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('b', { kind: 'left', about: 'a', incarnation: 1 });
  rig.hear('b', { kind: 'failed', about: 'a', incarnation: 1, from: 'b' });
  expect(rig.core.member('a')).toMatchObject({ status: 'left', incarnation: 1 });
  rig.hear('b', { kind: 'failed', about: 'a', incarnation: 2, from: 'b' });
  expect(rig.core.member('a')).toMatchObject({ status: 'failed', incarnation: 2 });
  expect(rig.kinds('a')).toEqual(['left', 'failed']);
});

test('given a refutation that was missed, then who answers at a higher incarnation is asked, and not given up meanwhile', () => {
  // Its answers said all the time that it was further, and it was declared failed by who read them.
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('b', { kind: 'suspect', about: 'a', incarnation: 1, from: 'b' });
  for (let second = 0; second < 60; second++) {
    rig.hearAt('a', 2, { kind: 'ack', seq: 1 });
    rig.pass(1_000);
  }
  expect(rig.kinds('a')).toEqual(['suspected']);
  const ask = rig.asked.find(({ to }) => to.host === addressOf('a').host)!;
  const states = [
    { name: 'a', status: 'alive', incarnation: 2, address: addressOf('a'), tagBytes: new Uint8Array(0) },
  ] as const;
  rig.step({ kind: 'answered', id: ask.id, bytes: encodeExchange({ kind: 'push-pull', from: 'a', states }) });
  expect(rig.core.member('a')).toMatchObject({ status: 'alive', incarnation: 2 });
});

test('given one that contradicted a suspicion and then is silent, then it is given up all the same', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  // No whole number, as of a real clock.
  rig.pass(1_000 / 3);
  rig.hear('b', { kind: 'suspect', about: 'a', incarnation: 1, from: 'b' });
  rig.pass(0.1);
  rig.hearAt('a', 2, { kind: 'ack', seq: 1 });
  rig.pass(60_000);
  expect(rig.kinds('a')).toEqual(['suspected', 'failed']);
});

test('given a claim that was refuted already, then it is answered with what holds', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('a', { kind: 'suspect', about: 'me', incarnation: 0, from: 'a' });
  rig.pass(20_000);
  rig.takeSent();
  rig.hear('b', { kind: 'suspect', about: 'me', incarnation: 0, from: 'b' });
  rig.pass(400);
  expect(rig.core.self.incarnation).toBe(1);
  expect(rig.takeSent().map(({ message }) => message)).toContainEqual(
    expect.objectContaining({ kind: 'alive', about: 'me', incarnation: 1 }),
  );
});

test('given suspicions of ever higher incarnations, then the timers of one suspect stay few', () => {
  const rig = new Rig();
  rig.know('a', 'b', 'c', 'd', 'e');
  let timers = 0;
  for (let incarnation = 1; incarnation < 500; incarnation++) {
    for (const from of ['b', 'c', 'd']) {
      for (const { kind, ...effect } of rig.hear(from, { kind: 'suspect', about: 'a', incarnation, from })) {
        if (kind === 'timer' && 'timer' in effect && effect.timer.kind === 'suspicion') timers += 1;
      }
    }
  }
  expect(timers).toBeLessThanOrEqual(3);
});

test('given a question that takes the only room there is, then a join waits for it and goes on', () => {
  const rig = new Rig({ requestsMax: 1 });
  rig.know('a');
  rig.nextPing();
  rig.pass(500);
  const ask = rig.asked[0]!;
  rig.step({ kind: 'join', join: 1, addresses: [addressOf('z')] });
  expect(rig.asked.map(({ to }) => to)).toEqual([addressOf('a')]);
  rig.step({ kind: 'answered', id: ask.id, bytes: undefined });
  expect(rig.asked.map(({ to }) => to)).toContainEqual(addressOf('z'));
});

test('given an asker with little time after its probe timeout, then a nack reaches it within that', () => {
  const rig = new Rig({ probeIntervalMs: 5_000, probeTimeoutMs: 3_000 });
  rig.know('a', 'b');
  rig.hear('a', { kind: 'indirect-ping', seq: 9, target: 'b' });
  rig.takeSent();
  rig.pass(1_900);
  expect(rig.takeSent()).toContainEqual(expect.objectContaining({ to: 'a', message: { kind: 'nack', seq: 9 } }));
});

test('given half a surrogate pair in a tag, then it is refused, as others would refuse it', () => {
  const rig = new Rig();
  expect(() => rig.step({ kind: 'set-tags', tags: { half: '\ud800' } })).toThrow(/half a surrogate pair/);
  expect(() => new Rig({ probeIntervalMs: 2 ** 31 })).toThrow(/probeIntervalMs must be at most 2147483647/);
});

test('given a stall that ends just before a probe does, then nobody is judged by the answers that wait unread', () => {
  // Its timer is hardly late, and still nothing was read for most of the time that helpers and the stream had.
  const rig = new Rig();
  rig.know('a', 'b', 'c');
  const { to } = rig.nextPing();
  rig.pass(520);
  rig.stall(600);
  expect(rig.kinds(to)).toEqual([]);
  expect(rig.core.counters.stalls).toBe(1);
});

test('given a stall during which a suspicion ends, then the suspect gets another moment, whenever the stall began', () => {
  const stallMs = 3_000;
  for (let startMs = 1_000; ; startMs += 100) {
    const rig = new Rig();
    rig.know('a', 'b', 'c', 'd');
    rig.hear('b', { kind: 'suspect', about: 'a', incarnation: 1, from: 'b' });
    rig.pass(startMs);
    if (rig.kinds('a').includes('failed')) break;
    rig.stall(stallMs);
    rig.hear('a', rig.alive('a', 2));
    expect({ startMs, kinds: rig.kinds('a') }).toEqual({ startMs, kinds: ['suspected', 'updated'] });
  }
});

test('given quiet between two members, then that is no stall', () => {
  const rig = new Rig({ indirectChecks: 0 });
  rig.know('a');
  rig.pass(30_000);
  expect(rig.kinds('a')).toEqual(['suspected', 'failed']);
  expect(rig.core.counters.stalls).toBe(0);
});

test('given a partition of days, then a member that is alone still knows where to look', () => {
  const rig = new Rig({ reconnectTimeoutMs: 600_000, tombstoneMs: 600_000 });
  const gone = { host: '10.0.9.9', port: 7946 };
  rig.know('a');
  rig.step({ kind: 'join', join: 1, addresses: [gone] });
  for (const { id } of rig.asked) rig.step({ kind: 'answered', id, bytes: undefined });
  rig.hear('a', { kind: 'failed', about: 'a', incarnation: 1, from: 'b' });
  for (let minute = 0; minute < 60; minute++) {
    rig.asked.length = 0;
    rig.pass(60_000);
    for (const { id } of rig.asked) rig.step({ kind: 'answered', id, bytes: undefined });
  }
  expect(rig.core.member('a')).toBeUndefined();
  expect(new Set(rig.asked.map(({ to }) => to.host))).toEqual(new Set([gone.host, addressOf('a').host]));
  expect(rig.core.contacts()).toHaveLength(2);
});

test('given company, then where members were is forgotten in time, but not where this one was told to join', () => {
  const rig = new Rig({ reconnectTimeoutMs: 120_000, tombstoneMs: 120_000 });
  const seed = { host: '10.0.9.9', port: 7946 };
  rig.step({ kind: 'join', join: 1, addresses: [seed] });
  rig.know('a', 'b');
  rig.hear('a', { kind: 'failed', about: 'b', incarnation: 1, from: 'a' });
  for (let second = 0; second < 300; second++) {
    rig.hear('a', rig.alive('a', 2 + second));
    rig.pass(1_000);
  }
  expect(rig.core.contacts()).toEqual([addressOf('a'), seed]);
});

test.each(['suspect', 'failed'] as const)(
  'given an old claim that its target has refuted (%s), then whoever missed that hears it again',
  (kind) => {
    const rig = new Rig();
    rig.know('a', 'b', 'c', 'd');
    rig.hear('a', rig.alive('a', 2), { kind: 'left', about: 'd', incarnation: 1 });
    rig.pass(900);
    rig.takeSent();
    rig.hear('b', { kind, about: 'a', incarnation: 1, from: 'b' }, { kind, about: 'd', incarnation: 1, from: 'b' });
    rig.pass(400);
    const told = rig.takeSent().map(({ message }) => message);
    expect(told).toContainEqual(expect.objectContaining({ kind: 'alive', about: 'a', incarnation: 2 }));
    expect(told).toContainEqual({ kind: 'left', about: 'd', incarnation: 1 });
  },
);

test('given a request to ping a suspect, then the ping says so', () => {
  const rig = new Rig();
  rig.know('a', 'b', 'c');
  rig.hear('a', { kind: 'suspect', about: 'b', incarnation: 1, from: 'a' });
  rig.takeSent();
  rig.hear(
    'a',
    { kind: 'indirect-ping', seq: 9, target: 'b' },
    ...['x', 'y', 'z'].map((about) => ({ kind: 'left', about, incarnation: 0 }) as const),
  );
  const pings = rig
    .takeSent()
    .filter(({ to }) => to === 'b')
    .map(({ message }) => message.kind);
  expect(pings.slice(0, 2)).toEqual(['ping', 'suspect']);
});

test('given a member that came back since it was pinged, then the probe of its earlier life says nothing of this one', () => {
  const rig = new Rig();
  rig.know('a', 'b', 'c');
  const { to } = rig.nextPing();
  rig.pass(700);
  rig.hear('b' === to ? 'c' : 'b', rig.alive(to, 2));
  rig.pass(320);
  expect(rig.kinds(to)).toEqual([]);
  expect(rig.core.healthScore).toBe(0);
});

test.each([
  ['another address', addressOf('z'), new Uint8Array(0)],
  ['other tags', addressOf('a'), encodeTags({ rack: 7 })],
])(
  'given a member that is said to have %s at the incarnation that is known, then it is told so and settles it',
  (_, address, tagBytes) => {
    // It was started twice from the same saved state: whoever heard of one start alone took the other for known already.
    const rig = new Rig();
    rig.know('a', 'b', 'c');
    for (const from of ['b', 'c']) rig.hear(from, { kind: 'alive', about: 'a', incarnation: 1, address, tagBytes });
    expect(rig.asked.map(({ to }) => to)).toEqual([address]);
    const a = new Rig({ name: 'a', address, incarnation: 1, tags: decodeTags(tagBytes)! });
    a.step({ kind: 'asked', id: 1, bytes: rig.asked[0]!.bytes });
    a.pass(200);
    expect(a.core.self).toMatchObject({ address, incarnation: 2 });
  },
);

test('given what is known of a member already, then nobody is asked', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('b', rig.alive('a', 1));
  rig.hear('b', { kind: 'left', about: 'a', incarnation: 1 });
  rig.hear('b', { ...rig.alive('a', 1), address: addressOf('z') } as Message);
  expect(rig.asked).toEqual([]);
});

test('given that all others left, then a member that starts elsewhere looks for them where they were', () => {
  // They come back and look for it where it was: nobody knew where anybody is.
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('a', { kind: 'left', about: 'b', incarnation: 1 });
  expect(rig.core.contacts()).toEqual([addressOf('a')]);
  rig.hear('a', { kind: 'left', about: 'a', incarnation: 1 });
  expect(rig.core.contacts()).toEqual([addressOf('a'), addressOf('b')]);
  rig.step({ kind: 'leave' });
  expect(rig.core.contacts()).toEqual([addressOf('a'), addressOf('b')]);
});

test('given a refutation that this member alone missed, then it asks once more before it gives the suspect up', () => {
  // With λ = 2 one in eight hears nothing of a piece of news: it declared a member failed that all others knew to be well.
  const rig = new Rig();
  rig.know('a', 'b', 'c', 'd');
  rig.hear('b', { kind: 'suspect', about: 'a', incarnation: 1, from: 'b' });
  for (const from of ['c', 'd']) rig.hear(from, { kind: 'suspect', about: 'a', incarnation: 1, from });
  rig.pass(3_400);
  rig.takeSent();
  rig.pass(400);
  const calls = rig.takeSent().filter(({ message }) => message.kind === 'suspect' && message.about === 'a');
  expect(calls.map(({ to }) => to)).toContain('a');
  expect(calls.length).toBeGreaterThanOrEqual(3);
  // As long as a question is: whoever knows better has room to say so.
  expect(Math.min(...calls.map(({ bytes }) => bytes))).toBeGreaterThanOrEqual(320);
  rig.hear('c', rig.alive('a', 2));
  rig.pass(1_000);
  expect(rig.kinds('a')).toEqual(['suspected', 'updated']);
});

test('given a suspect that nobody speaks for, then the last call makes its end no later', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('b', { kind: 'suspect', about: 'a', incarnation: 1, from: 'b' });
  rig.pass(3_990);
  expect(rig.kinds('a')).toEqual(['suspected']);
  rig.pass(20);
  expect(rig.kinds('a')).toEqual(['suspected', 'failed']);
});

test.each([
  ['the whole account', 'x', 'alive'],
  ['the incarnation alone, where there is no room for more', 'x'.repeat(450), undefined],
])('given a claim about this member, then who makes it is answered at once with %s', (_, tag, kind) => {
  const rig = new Rig({ tags: { tag } });
  rig.know('a');
  rig.takeSent();
  const padding = ['x', 'y', 'z', 'w', 'v', 'u'].map((about) => ({ kind: 'left', about, incarnation: 0 }) as const);
  const effects = rig.hear('a', { kind: 'suspect', about: 'me', incarnation: 0, from: 'a' }, ...padding);
  const [answer] = effects.flatMap((effect) => (effect.kind === 'send' ? [decodePacket(effect.bytes)!] : []));
  expect(answer).toMatchObject({ to: 'a', incarnation: 1 });
  expect(answer!.messages[0]?.kind).toBe(kind);
});

test('given a leave, then one member is told over a stream, another if it does not answer, and the leave waits for that', () => {
  // Of nine members, under loss, one or two heard of a leave; behind a firewall that lets no packet through nobody did.
  const rig = new Rig({ leavePropagateMs: 5_000 });
  rig.know('a', 'b', 'c');
  rig.step({ kind: 'leave' });
  const [first] = rig.asked.splice(0);
  const told = decodeExchange(first!.bytes, 10);
  expect(told?.kind === 'push-pull' && told.states.find(({ name }) => name === 'me')?.status).toBe('left');
  rig.pass(2_000);
  rig.step({ kind: 'answered', id: first!.id, bytes: undefined });
  rig.pass(300);
  const [second] = rig.asked.splice(0);
  expect(rig.isLeaveTold).toBe(false);
  const answer = encodeExchange({ kind: 'push-pull', from: 'b', states: [] });
  rig.step({ kind: 'answered', id: second!.id, bytes: answer });
  rig.pass(1_000);
  expect(rig.isLeaveTold).toBe(true);
});

test('given names that come, are suspected and go as fast as can be told, then they leave no timers behind', () => {
  // Each suspect had a timer of its own, which outlived it by a minute: who had a key could make any number of them.
  const rig = new Rig({ membersMax: 8, tombstonesMax: 8 });
  rig.know('a', 'b', 'c', 'd', 'e');
  let timers = 0;
  for (let at = 0; at < 2_000; at++) {
    const about = `x${at}`;
    const gone = { kind: 'suspect', about, incarnation: 1, from: 'a' } as const;
    const effects = rig.hear('a', { ...rig.alive('z', 1), about } as Message, gone, {
      kind: 'left',
      about,
      incarnation: 1,
    });
    timers += effects.filter((effect) => effect.kind === 'timer' && effect.timer.kind === 'suspicion').length;
    rig.pass(1);
  }
  expect(rig.kinds('x1999')).toEqual(['joined', 'suspected', 'left']);
  expect(timers).toBeLessThanOrEqual(10);
});

test('given intervals as long as a timer can wait, then nothing that is made of them is longer', () => {
  // Times its health score, or with more members than 32, it ended the process.
  const longest = 2 ** 31 - 1;
  const rig = new Rig({
    probeIntervalMs: longest,
    probeTimeoutMs: longest - 1,
    pushPullIntervalMs: longest,
    gossipIntervalMs: longest,
    reconnectIntervalMs: longest,
  });
  const waits: number[] = [];
  const note = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'timer') waits.push(effect.delayMs);
      if (effect.kind === 'ask') waits.push(effect.timeoutMs);
    }
  };
  for (let at = 0; at < 70; at++) note(rig.hear('a', { ...rig.alive('z', 1), about: `x${at}` } as Message));
  note(rig.hear('a', { kind: 'suspect', about: 'x1', incarnation: 1, from: 'x2' }));
  const { seq } = rig.nextPing(longest / 50);
  note(rig.step({ kind: 'timer', timer: { kind: 'probe-end', seq, dueMs: rig.nowMs } }));
  note(rig.step({ kind: 'timer', timer: { kind: 'push-pull', dueMs: rig.nowMs } }));
  expect(rig.core.healthScore).toBeGreaterThan(0);
  expect(Math.max(...waits)).toBe(longest);
});
