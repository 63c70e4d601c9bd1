import { expect, test } from 'vitest';
import type { MembershipEvent } from '../../src/index.js';
import { EventStream } from '../../src/shell/event-stream.js';

function event(name: string, incarnation: number): MembershipEvent {
  const address = { host: '10.0.0.1', port: 1 };
  return { kind: 'updated', member: { name, address, tags: {}, status: 'alive', incarnation } };
}

test('given a reader that keeps up, then it gets all events in order', async () => {
  const stream = new EventStream(1_024, () => {});
  for (let at = 0; at < 10; at++) stream.push(event('a', at));
  stream.close();
  const seen: number[] = [];
  for await (const { member } of stream) seen.push(member.incarnation);
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('given a reader that never reads, then memory is bounded, and the last of each member is kept', async () => {
  const stream = new EventStream(1_024, () => {});
  for (let at = 0; at < 100_000; at++) stream.push(event(`m${at % 7}`, at));
  stream.close();
  const last = new Map<string, number>();
  let count = 0;
  for await (const { member } of stream) {
    count += 1;
    last.set(member.name, member.incarnation);
  }
  expect(count).toBeLessThanOrEqual(1_024);
  expect(new Set(last.values())).toEqual(new Set([99_993, 99_994, 99_995, 99_996, 99_997, 99_998, 99_999]));
});

test('given a reader that leaves its loop, then nothing is kept for it any more', async () => {
  const closed: EventStream[] = [];
  const stream = new EventStream(1_024, (each) => closed.push(each));
  stream.push(event('a', 1));
  for await (const _ of stream) break;
  expect(closed).toEqual([stream]);
  stream.push(event('a', 2));
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('given ever new members and a reader that never reads, then memory is bounded all the same', async () => {
  const stream = new EventStream(8, () => {});
  for (let at = 0; at < 100; at++) stream.push(event(`m${at}`, at));
  stream.close();
  const seen: number[] = [];
  for await (const { member } of stream) seen.push(member.incarnation);
  expect(seen).toEqual([92, 93, 94, 95, 96, 97, 98, 99]);
});
