import { Buffer } from 'node:buffer';
import { SeededRandom, SimulatedClock } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { Keyring, PlainEnvelope, packetBytesMax, payloadBytesMax, SealedEnvelope } from '../../src/index.js';

const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);
const alice = { host: '10.0.0.1', port: 7946 };
const bob = { host: '10.0.0.2', port: 7946 };
const hello = Buffer.from('hello, bob, how are you?');
const clock = new SimulatedClock();
let drawn = 0;

function envelope(keyring: Keyring = new Keyring(key), cluster = 'c', peersMax = 8): SealedEnvelope {
  drawn += 1;
  const random = new SeededRandom(`envelope ${drawn}`);
  return new SealedEnvelope({ cluster, peersMax }, { keyring, random, clock });
}

/** Sends until it is let in, as two members do; gives what went over the wire. */
function send(from: SealedEnvelope, to: SealedEnvelope, payload: Uint8Array = hello): Uint8Array[] {
  const packet = from.seal(bob, payload);
  const first = to.open(alice, packet);
  if (first.kind === 'payload') return [packet];
  expect(first.kind).toBe('reply');
  if (first.kind !== 'reply') return [];
  expect(first.packet.length).toBeLessThanOrEqual(packet.length);
  const again = from.open(bob, first.packet);
  if (again.kind !== 'reply') throw new Error('a challenge was not met');
  const second = to.open(alice, again.packet);
  expect(second.kind === 'payload' && Buffer.compare(second.payload, payload)).toBe(0);
  return [packet, first.packet, again.packet];
}

test('given a first packet, then its sender is asked to show that it is there; after that, packets just go through', () => {
  const [from, to] = [envelope(), envelope()];
  expect(send(from, to)).toHaveLength(3);
  expect(send(from, to)).toHaveLength(1);
});

test('given a replay of anything that ever went over the wire, then it is not let in', () => {
  const [from, to] = [envelope(), envelope()];
  const wire = [...send(from, to), ...send(from, to), ...send(from, to)];
  for (const packet of wire) expect(to.open(alice, packet).kind).not.toBe('payload');
  for (const packet of wire) expect(from.open(bob, packet).kind).toBe('refused');
});

test('given a replay to a process that started since, or to another member, then it is not let in', () => {
  const [from, to] = [envelope(), envelope()];
  const wire = [...send(from, to), ...send(from, to)];
  const restarted = envelope();
  for (const packet of wire) expect(restarted.open(alice, packet).kind).not.toBe('payload');
  send(from, restarted);
  for (const packet of wire) expect(restarted.open(alice, packet).kind).not.toBe('payload');
});

test('given packets out of order, then each is let in once', () => {
  const [from, to] = [envelope(), envelope()];
  send(from, to);
  const packets = Array.from({ length: 50 }, () => from.seal(bob, hello));
  for (const packet of packets.toReversed()) expect(to.open(alice, packet).kind).toBe('payload');
  for (const packet of packets) expect(to.open(alice, packet).kind).toBe('refused');
});

test('given a receiver that restarted, then its sender gets a new token, and nothing is lost', () => {
  const from = envelope();
  send(from, envelope());
  expect(send(from, envelope())).toHaveLength(3);
});

test('given another key, another cluster, a flipped bit or a cut, then there is no answer', () => {
  const to = envelope();
  const strangers = [envelope(new Keyring(otherKey)), envelope(new Keyring(key), 'another')];
  for (const stranger of strangers) expect(to.open(alice, stranger.seal(bob, hello))).toEqual({ kind: 'refused' });
  const packet = envelope().seal(bob, hello);
  for (let at = 0; at < packet.length; at++) {
    const flipped = Uint8Array.from(packet);
    flipped[at]! ^= 1;
    expect(to.open(alice, flipped)).toEqual({ kind: 'refused' });
    expect(to.open(alice, packet.subarray(0, at))).toEqual({ kind: 'refused' });
  }
  expect(to.counters.unauthenticated + to.counters.foreign).toBe(2 + 2 * packet.length);
});

test('given a rotation of keys while both run, then no packet is refused on the way, and the old key opens nothing after it', () => {
  const rings = [new Keyring(key), new Keyring(key)] as const;
  const [from, to] = [envelope(rings[0]), envelope(rings[1])];
  send(from, to);
  const old = from.seal(bob, hello);
  for (const ring of rings) ring.install(otherKey);
  expect(send(from, to)).toHaveLength(1);
  for (const ring of rings) ring.use(otherKey);
  expect(send(from, to)).toHaveLength(1);
  for (const ring of rings) ring.remove(key);
  expect(send(from, to)).toHaveLength(1);
  expect(to.open(alice, old)).toEqual({ kind: 'refused' });
});

test('given more senders than are remembered, then all are asked again, and what was let in before cannot be replayed', () => {
  const to = envelope(new Keyring(key), 'c', 3);
  const senders = Array.from({ length: 5 }, () => envelope());
  const wire: Uint8Array[] = [];
  for (let round = 0; round < 3; round++) {
    for (const sender of senders) {
      const packet = sender.seal(bob, hello);
      let opened = to.open(alice, packet);
      for (let tries = 0; tries < 4 && opened.kind === 'reply'; tries++) {
        const again = sender.open(bob, opened.packet);
        if (again.kind !== 'reply') break;
        wire.push(again.packet);
        opened = to.open(alice, again.packet);
      }
    }
  }
  for (const packet of wire) expect(to.open(alice, packet).kind).not.toBe('payload');
});

test('given the longest payload, then the packet is as long as a packet may be, and no longer', () => {
  expect(envelope().seal(bob, new Uint8Array(payloadBytesMax)).length).toBeLessThanOrEqual(packetBytesMax);
});

test('given two packets with the same payload, then nothing in them is the same but key and salt', () => {
  const from = envelope();
  const [one, other] = [from.seal(bob, hello), from.seal(bob, hello)];
  expect(Buffer.compare(one.subarray(35), other.subarray(35))).not.toBe(0);
  expect([...one.subarray(0, 21)]).toEqual([...other.subarray(0, 21)]);
});

test('given a member that answers from another address than it is known by, then packets to it get through all the same', () => {
  // Its challenges were not recognised, and none of the packets sent to it ever counted.
  const [from, to] = [envelope(), envelope()];
  const challenge = to.open(alice, from.seal(bob, hello));
  if (challenge.kind !== 'reply') throw new Error('no challenge');
  const again = from.open({ host: '10.0.9.9', port: 7946 }, challenge.packet);
  expect(again.kind === 'reply' && to.open(alice, again.packet).kind).toBe('payload');
  expect(to.open(alice, from.seal(bob, hello)).kind).toBe('payload');
});

test('given a packet that is longer than any may be, then it is refused before anything is done with it', () => {
  const long = envelope().seal(bob, new Uint8Array(packetBytesMax));
  const to = envelope();
  expect(to.open(alice, long)).toEqual({ kind: 'refused' });
  expect(to.counters).toMatchObject({ foreign: 1, unproven: 0 });
  const plain = new PlainEnvelope('c');
  expect(plain.open(alice, plain.seal(bob, new Uint8Array(packetBytesMax)))).toEqual({ kind: 'refused' });
});

test('given a replay from a sender that has shown that it is there, then it is not asked about, whatever token it carries', () => {
  const [from, to] = [envelope(), envelope()];
  const unproven = [from.seal(bob, hello), from.seal(bob, hello)];
  const wire = [...send(from, to), ...send(from, to)];
  expect(to.open(alice, unproven[1]!).kind).toBe('reply');
  const before = to.counters.unproven;
  for (const packet of [unproven[1]!, ...wire.slice(2)]) expect(to.open(alice, packet).kind).toBe('refused');
  expect(to.counters.unproven).toBe(before);
});

test('given recordings of senders that are not known, then few of them in a second are answered, and later ones again', () => {
  const to = envelope();
  const replies = (): number => {
    let count = 0;
    const recording = envelope().seal(bob, hello);
    for (let at = 0; at < 5_000; at++) if (to.open(alice, recording).kind === 'reply') count += 1;
    return count;
  };
  expect(replies()).toBe(512);
  expect(to.counters.unasked).toBe(5_000 - 512);
  clock.advance(100);
  expect(replies()).toBe(51);
});
