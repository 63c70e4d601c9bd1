import { SeededRandom } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { decodeExchange, encodeExchange } from '../../src/core/exchange.js';
import {
  defaultSettings,
  exchangeBytesMax,
  incarnationLeapMax,
  incarnationMax,
  MembershipCore,
  payloadBytesMax,
} from '../../src/index.js';
import { addressOf, home, Rig } from './rig.js';

test('given a member that answers its pings, then nobody is suspected', () => {
  const rig = new Rig();
  rig.know('a');
  for (let round = 0; round < 20; round++) rig.hear('a', { kind: 'ack', seq: rig.nextPing().seq });
  expect(rig.kinds()).toEqual([]);
  expect(rig.core.counters).toMatchObject({ probesFailed: 0, unexpected: 0 });
});

test('given a member that never answers, then helpers and a stream are asked, and it is suspected and failed in time', () => {
  const rig = new Rig();
  rig.know('a', 'b', 'c', 'd');
  const { to } = rig.nextPing();
  rig.pass(500);
  const helped = rig.takeSent().filter(({ message }) => message.kind === 'indirect-ping');
  expect(helped.map(({ message }) => message)).toEqual(helped.map(() => expect.objectContaining({ target: to })));
  expect(new Set(helped.map((each) => each.to)).size).toBe(3);
  expect(rig.asked.map((each) => each.to)).toEqual([addressOf(to)]);
  rig.pass(500);
  expect(rig.kinds(to)).toEqual(['suspected']);
  // α · 1 s where two others confirm.
  const confirm = (from: string): void => void rig.hear(from, { kind: 'suspect', about: to, incarnation: 1, from });
  for (const name of ['a', 'b', 'c', 'd']) if (name !== to) confirm(name);
  rig.pass(3_900);
  expect(rig.kinds(to)).toEqual(['suspected']);
  rig.pass(200);
  expect(rig.kinds(to)).toEqual(['suspected', 'failed']);
});

test('given a member that packets do not reach, then a stream shows that it is there', () => {
  const rig = new Rig();
  rig.know('a');
  rig.nextPing();
  rig.pass(500);
  rig.step({ kind: 'answered', id: rig.asked[0]!.id, bytes: encodeExchange({ kind: 'pong' }) });
  rig.pass(1_000);
  expect(rig.kinds('a')).toEqual([]);
  expect(rig.core.counters.probesSavedByStream).toBe(1);
});

test('given a claim about this member, then it refutes it with a higher incarnation, and its health is worse by one', () => {
  const rig = new Rig();
  rig.know('a');
  rig.hear('a', { kind: 'suspect', about: 'me', incarnation: 0, from: 'a' });
  expect(rig.core.self).toMatchObject({ incarnation: 1, status: 'alive' });
  expect(rig.core.healthScore).toBe(1);
  rig.pass(200);
  expect(rig.takeSent().map(({ message }) => message)).toContainEqual(
    expect.objectContaining({ kind: 'alive', about: 'me', incarnation: 1 }),
  );
});

test('given claims as fast as they come, then the incarnation rises at most once in a gossip interval', () => {
  const rig = new Rig();
  rig.know('a');
  for (let at = 0; at < 1_000; at++) {
    rig.hear('a', { kind: 'suspect', about: 'me', incarnation: rig.core.self.incarnation, from: 'a' });
    rig.pass(1);
  }
  expect(rig.core.self.incarnation).toBeLessThanOrEqual(1 + 1_000 / 200);
  expect(rig.core.self.incarnation).toBeGreaterThan(2);
});

test('given a forged claim of the highest incarnation, then nobody believes it, neither its victim nor others', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  for (const about of ['me', 'a']) {
    for (const incarnation of [incarnationMax, incarnationLeapMax + 2]) {
      rig.hear('b', { kind: 'suspect', about, incarnation, from: 'b' });
      rig.hear('b', { kind: 'failed', about, incarnation, from: 'b' });
      rig.hear('b', { kind: 'left', about, incarnation });
      rig.hear('b', { ...rig.alive(about, incarnation) });
    }
  }
  expect(rig.kinds()).toEqual([]);
  expect(rig.core.self.incarnation).toBe(0);
  expect(rig.core.member('a')!.incarnation).toBe(1);
  expect(rig.core.counters.leaps).toBe(16);
});

test('given a stranger of whom a forged incarnation was believed, then its own word puts it right', () => {
  const rig = new Rig();
  rig.know('b');
  rig.hear('b', rig.alive('a', incarnationMax), { kind: 'failed', about: 'a', incarnation: incarnationMax, from: 'b' });
  expect(rig.core.member('a')).toMatchObject({ status: 'failed', incarnation: incarnationMax });
  rig.hearAt('a', 3, { kind: 'ping', seq: 1 });
  expect(rig.core.member('a')).toMatchObject({ status: 'alive', incarnation: 3 });
});

test('given more members than the bound, then news of more is refused, in every way there is', () => {
  const rig = new Rig({ membersMax: 3 });
  rig.know('a', 'b');
  rig.hear('a', { kind: 'failed', about: 'b', incarnation: 1, from: 'a' }, rig.alive('c', 1));
  rig.hear('a', rig.alive('d', 1), rig.alive('b', 2));
  rig.hearAt('b', 1, { kind: 'ping', seq: 1 });
  expect(rig.core.held.members).toBe(3);
  expect(rig.core.counters.overflows).toBe(2);
});

test('given tombstones, then late news brings nobody back, the bound holds, and in time they are forgotten', () => {
  const rig = new Rig({ tombstonesMax: 2, tombstoneMs: 120_000, reconnectTimeoutMs: 120_000 });
  rig.know('a', 'b', 'c', 'd');
  for (const about of ['a', 'b', 'c']) rig.hear('d', { kind: 'left', about, incarnation: 1 });
  expect(rig.core.held).toMatchObject({ members: 2, tombstones: 2 });
  rig.hear('d', rig.alive('c', 1), { kind: 'failed', about: 'c', incarnation: 1, from: 'd' });
  expect(rig.core.member('c')!.status).toBe('left');
  rig.hear('d', rig.alive('c', 2));
  expect(rig.core.member('c')!.status).toBe('alive');
  rig.pass(200_000);
  expect(rig.core.member('b')).toBeUndefined();
});

test('given a suspect, then it is the first to hear of it, with the ping and with an ack (Lifeguard §IV-C)', () => {
  const rig = new Rig({ probeIntervalMs: 2_000 });
  rig.know('a');
  rig.hear('a', { kind: 'suspect', about: 'a', incarnation: 1, from: 'b' });
  rig.takeSent();
  rig.hear('a', { kind: 'ping', seq: 7 }, ...padding());
  const reply = rig.takeSent().map(({ message }) => message);
  expect(reply[0]).toEqual({ kind: 'ack', seq: 7 });
  expect(reply[1]).toMatchObject({ kind: 'suspect', about: 'a' });
  const ping = untilPing(rig);
  expect(ping[1]).toMatchObject({ kind: 'suspect', about: 'a' });
});

/** News of no consequence, for the room that it leaves in an answer. */
function padding() {
  return ['x', 'y', 'z'].map((about) => ({ kind: 'left', about, incarnation: 0 }) as const);
}

function untilPing(rig: Rig) {
  for (let tries = 0; tries < 200; tries++) {
    const sent = rig.takeSent().map(({ message }) => message);
    if (sent[0]?.kind === 'ping') return sent;
    rig.pass(20);
  }
  throw new Error('nobody was pinged');
}

test('given any question, then no answer is longer', () => {
  const rig = new Rig({ tags: { long: 'x'.repeat(400) } });
  rig.know('a', 'b');
  rig.takeSent();
  const [ping] = rig.hear('a', { kind: 'ping', seq: 1 });
  // Version, two names, incarnation, and the ping.
  const asked = 1 + 2 + 3 + 6 + 5;
  expect(ping).toMatchObject({ kind: 'send', to: addressOf('a') });
  expect(rig.takeSent().map(({ bytes }) => bytes)).toEqual([asked]);
});

test('given a request to ping somebody, then a known member is pinged where we know it to be, and nobody else', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  const effects = rig.hear('a', { kind: 'indirect-ping', seq: 9, target: 'b' });
  expect(effects).toContainEqual(expect.objectContaining({ kind: 'send', to: addressOf('b') }));
  const { seq } = rig
    .takeSent()
    .map(({ message }) => message)
    .find((each) => each.kind === 'ping')!;
  rig.hear('b', { kind: 'ack', seq });
  expect(rig.takeSent()).toMatchObject([{ to: 'a', message: { kind: 'ack', seq: 9 } }]);
  rig.hear('a', { kind: 'indirect-ping', seq: 10, target: 'nobody' });
  expect(rig.takeSent()).toMatchObject([{ to: 'a', message: { kind: 'nack', seq: 10 } }]);
});

test('given a target that does not answer a request, then its asker gets a nack before the asker gives up', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  rig.hear('a', { kind: 'indirect-ping', seq: 9, target: 'b' });
  rig.takeSent();
  rig.pass(400);
  expect(rig.takeSent()).toContainEqual(expect.objectContaining({ to: 'a', message: { kind: 'nack', seq: 9 } }));
});

test('given helpers that answer with nacks, then this member is well; given silent ones, it trusts itself less (§IV-A)', () => {
  const score = (isNacked: boolean): number => {
    const rig = new Rig();
    rig.know('a', 'b', 'c', 'd');
    const { to, seq } = rig.nextPing();
    rig.pass(500);
    if (isNacked) for (const helper of ['a', 'b', 'c', 'd']) if (helper !== to) rig.hear(helper, { kind: 'nack', seq });
    rig.pass(500);
    return rig.core.healthScore;
  };
  expect(score(true)).toBe(0);
  expect(score(false)).toBe(3);
});

test('given that this member stood still, then it asks again before it suspects, and waits before it gives up', () => {
  const rig = new Rig();
  rig.know('a', 'b', 'c');
  const { to } = rig.nextPing();
  rig.stall(5_000);
  expect(rig.kinds(to)).toEqual([]);
  rig.hear('b', { kind: 'suspect', about: 'a', incarnation: 1, from: 'b' });
  rig.events.length = 0;
  rig.stall(100_000);
  expect(rig.kinds('a')).toEqual([]);
  rig.hear('a', rig.alive('a', 2));
  rig.pass(600);
  expect(rig.kinds('a')).toEqual(['updated']);
});

test('given a leave, then it is told at once, nothing said of it is refuted, and it is over soon', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  rig.step({ kind: 'leave' });
  expect(rig.takeSent().map(({ message }) => message)).toContainEqual({ kind: 'left', about: 'me', incarnation: 0 });
  rig.hear('a', { kind: 'failed', about: 'me', incarnation: 0, from: 'a' });
  expect(rig.core.self).toMatchObject({ status: 'left', incarnation: 0 });
});

test('given a push-pull, then it is answered with all that is known, and what another gave up becomes a suspect here', () => {
  const rig = new Rig();
  rig.know('a', 'b');
  const states = [
    { name: 'a', status: 'alive', incarnation: 1, address: addressOf('a'), tagBytes: new Uint8Array(0) },
    { name: 'b', status: 'failed', incarnation: 1, address: addressOf('b'), tagBytes: new Uint8Array(0) },
    { name: 'x', status: 'failed', incarnation: 1, address: addressOf('x'), tagBytes: new Uint8Array(0) },
    { name: 'c', status: 'alive', incarnation: 4, address: addressOf('c'), tagBytes: new Uint8Array(0) },
  ] as const;
  const effects = rig.step({ kind: 'asked', id: 5, bytes: encodeExchange({ kind: 'push-pull', from: 'a', states }) });
  const answer = effects.find((effect) => effect.kind === 'respond');
  const told = decodeExchange(answer!.bytes, 10);
  expect(told).toMatchObject({ kind: 'push-pull', from: 'me' });
  expect(told?.kind === 'push-pull' && told.states.map(({ name }) => name).sort()).toEqual(['a', 'b', 'me']);
  expect(rig.events.map(({ kind, member }) => `${member.name} ${kind}`)).toEqual(['b suspected', 'c joined']);
});

test('given tags that change, then everybody hears of them with a higher incarnation', () => {
  const rig = new Rig();
  rig.know('a');
  rig.step({ kind: 'set-tags', tags: { role: 'voter', rack: 7, isFast: true } });
  expect(rig.core.self).toMatchObject({ incarnation: 1, tags: { role: 'voter', rack: 7, isFast: true } });
  rig.pass(300);
  expect(rig.takeSent().some(({ message }) => message.kind === 'alive' && message.about === 'me')).toBe(true);
});

test('given bytes that say nothing, or are for another, then they are counted and nothing more', () => {
  const rig = new Rig();
  rig.know('a');
  rig.step({ kind: 'packet', from: home, bytes: new Uint8Array(payloadBytesMax + 1) });
  rig.step({ kind: 'packet', from: home, bytes: Uint8Array.of(1, 1) });
  rig.step({ kind: 'asked', id: 1, bytes: Uint8Array.of(1, 1, 1) });
  rig.hear('me', { kind: 'ping', seq: 1 });
  expect(rig.core.counters).toMatchObject({ malformed: 3, misaddressed: 1 });
  expect(rig.takeSent()).toEqual([]);
});

test('given all members and tombstones that there may be, then one exchange holds them', () => {
  const text = 'n'.repeat(64);
  const state = {
    name: text,
    status: 'alive',
    incarnation: 1,
    address: { host: 'fd00::1', port: 1 },
    tagBytes: new Uint8Array(512),
  } as const;
  const bytes = encodeExchange({ kind: 'push-pull', from: text, states: Array.from({ length: 50 }, () => state) });
  expect(bytes.length).toBeLessThanOrEqual(exchangeBytesMax(50));
  expect(decodeExchange(bytes, 50)).toBeDefined();
  expect(decodeExchange(bytes, 49)).toBeUndefined();
});

test.each([
  [{ name: 'a b' }, /name must be 1 to 64/],
  [{ address: { host: 'example.org', port: 1 } }, /address must have an IP address/],
  [{ probeTimeoutMs: 1_000 }, /probeTimeoutMs must be below probeIntervalMs/],
  [{ gossipNodes: 0 }, /gossipNodes must be a number above 0, got 0/],
  [{ indirectChecks: 1.5 }, /indirectChecks must be a whole number, got 1.5/],
  [{ membersMax: 5_000 }, /membersMax must be at most 4096, got 5000/],
  [{ incarnation: 2 ** 50 }, /incarnation must be at most/],
  [{ tags: { long: 'x'.repeat(513) } }, /too long for any tag/],
])('given the setting %o, then it is refused by name', (wrong, message) => {
  const make = (): MembershipCore =>
    new MembershipCore({ ...defaultSettings, name: 'me', address: home, ...wrong }, { random: new SeededRandom(1) });
  expect(make).toThrow(message);
});
