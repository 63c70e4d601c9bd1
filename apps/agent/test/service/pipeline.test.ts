import { expect, it } from 'vitest';
import { pipeline } from '../../src/service/pipeline.js';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number += 1) yield number;
}

async function* forEver(): AsyncGenerator<number> {
  yield 1;
  await new Promise(() => {});
}

/** Promises to be kept by hand. */
function byHand() {
  const keep: (() => void)[] = [];
  const promise = <T>(value: T) => new Promise<T>((resolve) => keep.push(() => resolve(value)));
  return { keep, promise };
}

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

it('given work that is done in any order, then the answers come in the order of the requests', async () => {
  const { keep, promise } = byHand();
  const answers: number[] = [];
  const done = pipeline(numbers(3), promise<number>, async (answer) => void answers.push(answer), 10);
  await turns();
  keep[2]!();
  keep[1]!();
  await turns();
  expect(answers).toEqual([]);
  keep[0]!();
  await done;
  expect(answers).toEqual([1, 2, 3]);
});

it('given as many under way as may be, then no more is taken until one is answered', async () => {
  const { keep, promise } = byHand();
  void pipeline(numbers(5), promise<number>, async () => {}, 2);
  await turns();
  expect(keep.length).toBe(2);
  keep[0]!();
  await turns();
  expect(keep.length).toBe(3);
});

it('given work that fails while no request comes, then that is the end, after the answers before it', async () => {
  const answers: number[] = [];
  const handle = async (request: number) => {
    if (request === 1) throw new Error('of no use');
    return request;
  };
  await expect(pipeline(forEver(), handle, async (answer) => void answers.push(answer), 10)).rejects.toThrow(
    'of no use',
  );
  expect(answers).toEqual([]);
});

it('given a failure behind others that are under way, then those are answered first', async () => {
  const answers: number[] = [];
  const handle = async (request: number) => {
    if (request === 3) throw new Error('the third');
    return request;
  };
  await expect(pipeline(numbers(5), handle, async (answer) => void answers.push(answer), 10)).rejects.toThrow(
    'the third',
  );
  expect(answers).toEqual([1, 2]);
});
