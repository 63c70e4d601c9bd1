import { expect, test } from 'vitest';
import { BroadcastQueue } from '../../src/core/broadcast-queue.js';
import { PacketBuilder } from '../../src/core/packet.js';

const header = { from: 'a', to: 'b', incarnation: 0 };
const headerBytes = new PacketBuilder(header, 100).bytes().length;

function filled(queue: BroadcastQueue, room: number, timesMax: number): number[] {
  const packet = new PacketBuilder(header, headerBytes + room);
  queue.fill(packet, timesMax);
  return [...packet.bytes().subarray(headerBytes)];
}

test('given news, then each is sent so many times, what was sent least first, and then dropped', () => {
  const queue = new BroadcastQueue();
  queue.add('a', Uint8Array.of(1));
  queue.add('b', Uint8Array.of(2));
  expect(filled(queue, 1, 2)).toEqual([1]);
  expect(filled(queue, 2, 2)).toEqual([2, 1]);
  expect(filled(queue, 2, 2)).toEqual([2]);
  expect(filled(queue, 2, 2)).toEqual([]);
  expect(queue.size).toBe(0);
});

test('given newer news of the same member, then it takes the place of the older and is sent as often as any', () => {
  const queue = new BroadcastQueue();
  queue.add('a', Uint8Array.of(1));
  filled(queue, 9, 2);
  queue.add('a', Uint8Array.of(2));
  expect([filled(queue, 9, 2), filled(queue, 9, 2), filled(queue, 9, 2)]).toEqual([[2], [2], []]);
});

test('given a packet without room for one, then another that fits goes, and the first is not forgotten', () => {
  const queue = new BroadcastQueue();
  queue.add('a', Uint8Array.of(1, 1, 1));
  queue.add('b', Uint8Array.of(2));
  expect(filled(queue, 2, 1)).toEqual([2]);
  expect(filled(queue, 3, 1)).toEqual([1, 1, 1]);
});

test('given somebody who may not be there, then telling it counts for nothing', () => {
  const queue = new BroadcastQueue();
  queue.add('a', Uint8Array.of(1));
  for (let at = 0; at < 5; at++) queue.copyTo(new PacketBuilder(header, 100));
  expect(filled(queue, 9, 1)).toEqual([1]);
});
