import { expect, test } from 'vitest';
import { EventQueue, type LinkQuality, SeededRandom, SimulatedNetwork } from '../../src/index.js';

const perfect: LinkQuality = { delayMsMin: 1, delayMsMax: 2, drop: 0, duplicate: 0, late: 0, lateMsMax: 0 };

function networkOf(quality: Partial<LinkQuality> = {}) {
  const events = new EventQueue();
  const got: string[] = [];
  const network = new SimulatedNetwork<string>(
    { ...perfect, ...quality },
    {
      events,
      random: new SeededRandom('network'),
      deliver: (from, to, packet) => void got.push(`${from}>${to} ${packet}`),
    },
  );
  return { events, got, network };
}

test('given a link that is cut in one direction, packets the other way still arrive', () => {
  const { events, got, network } = networkOf();
  network.cut('a', 'b');
  network.send('a', 'b', 'lost');
  network.send('b', 'a', 'kept');
  events.runUntil(10);
  expect(got).toEqual(['b>a kept']);
  network.heal('a', 'b');
  network.send('a', 'b', 'again');
  events.runUntil(20);
  expect(got).toEqual(['b>a kept', 'a>b again']);
});

test('given a partition, nothing passes between the groups, and everything within them', () => {
  const { events, got, network } = networkOf();
  network.partition(['a'], ['b', 'c']);
  for (const [from, to] of [
    ['a', 'b'],
    ['c', 'a'],
    ['b', 'c'],
  ] as const)
    network.send(from, to, 'x');
  events.runUntil(10);
  expect(got).toEqual(['b>c x']);
});

test('given losses and doublings, about that many packets are lost and doubled', () => {
  const { events, got, network } = networkOf({ drop: 0.2, duplicate: 0.5 });
  for (let packet = 0; packet < 10_000; packet++) network.send('a', 'b', 'x');
  events.runUntil(10);
  expect(got.length).toBeGreaterThan(10_000 * 0.8 * 1.5 * 0.95);
  expect(got.length).toBeLessThan(10_000 * 0.8 * 1.5 * 1.05);
});

test('given a stalled link, its packets come in a burst when it is over', () => {
  const { events, got, network } = networkOf();
  network.stall('a', 'b', 100);
  network.send('a', 'b', 'one');
  network.send('a', 'b', 'two');
  events.runUntil(99);
  expect(got).toEqual([]);
  events.runUntil(100);
  expect(got.length).toBe(2);
});
