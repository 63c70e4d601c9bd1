import { headerBytes } from '@commitlog/record';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { origin } from '../src/position.js';
import { positionAfter } from '../src/sequence.js';
import { walk } from '../src/walk.js';
import { batchOf, stampedAfter } from './world.js';

function chain(count: number): Buffer[] {
  const list: Buffer[] = [];
  let previous = origin;
  for (let number = 1; number <= count; number += 1) {
    const batch = stampedAfter(previous, batchOf(`b${number}`.repeat(number)), { appendTime: 1000 + number });
    list.push(batch);
    previous = positionAfter(batch, 0);
  }
  return list;
}

const whole = { segmentRest: 1 << 20, checkBodies: true };

it('given whole batches that follow one another, then all are walked', () => {
  const list = chain(5);
  const bytes = Buffer.concat(list);
  const visited: number[] = [];
  const end = walk(bytes, origin, { ...whole, visit: (at) => void visited.push(at) });
  expect(end).toEqual({ at: bytes.length, previous: positionAfter(list[4]!, 0), why: 'end' });
  expect(visited).toHaveLength(5);
});

it('given bytes that end anywhere, then the walk ends behind the last whole batch, and says that it was cut', () => {
  const list = chain(4);
  const bytes = Buffer.concat(list);
  const ends = list.map((_, at) => Buffer.concat(list.slice(0, at + 1)).length);
  for (let length = 0; length < bytes.length; length += 1) {
    const { at, why } = walk(bytes.subarray(0, length), origin, whole);
    expect(at).toBe(ends.findLast((end) => end <= length) ?? 0);
    expect(why).toBe(at === length ? 'end' : 'cut');
  }
});

it('given any flipped bit, then the walk ends before its batch', () => {
  const list = chain(3);
  const bytes = Buffer.concat(list);
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const { at, why } = walk(damaged, origin, whole);
      expect(why).not.toBe('end');
      expect(at).toBeLessThanOrEqual(bit >> 3);
      expect(bytes.subarray(0, at).equals(damaged.subarray(0, at))).toBe(true);
    }),
  );
});

it.each([
  [{ index: 3 }, 'expected index 2, found 3'],
  [{ term: 0 }, 'expected a term of at least 1 at index 2, found 0'],
  [{ baseOffset: 2 }, 'expected base offset 1 at index 2, found 2'],
  [{ appendTime: 1000 }, 'expected an append time of at least 1001 at index 2, found 1000'],
])('given a batch whose stamp is %o, then the walk says what was expected', (stamp, problem) => {
  const [first] = chain(1);
  const bytes = Buffer.concat([first!, stampedAfter(positionAfter(first!, 0), batchOf('x'), stamp)]);
  expect(walk(bytes, origin, whole)).toMatchObject({ at: first!.length, why: 'problem', problem });
});

// A file's length grew but its data did not: measured on ext4.
it('given zeros behind the batches, then they are not taken for one', () => {
  const [first] = chain(1);
  const zeros = Buffer.alloc(headerBytes * 3);
  expect(walk(Buffer.concat([first!, zeros]), origin, whole)).toMatchObject({ at: first!.length, why: 'problem' });
});

it('given a batch that reaches beyond the segment, then it is a problem, and not waited for', () => {
  const [first] = chain(1);
  const rest = { segmentRest: first!.length - 1, checkBodies: true };
  expect(walk(first!.subarray(0, headerBytes), origin, rest)).toMatchObject({ at: 0, why: 'problem' });
});

it('given a visitor that stops, then the walk ends before that batch', () => {
  const list = chain(3);
  const third = list[0]!.length + list[1]!.length;
  const stopAtThird = (at: number): 'stop' | undefined => (at === third ? 'stop' : undefined);
  const { at, previous, why } = walk(Buffer.concat(list), origin, { ...whole, visit: stopAtThird });
  expect({ at, index: previous.index, why }).toEqual({ at: third, index: 2, why: 'stop' });
});
