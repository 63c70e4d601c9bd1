import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeProducers, encodeProducers } from '../src/producer-codec.js';
import { batchesMax, type Producer, type ProducerBatch, ProducerTable } from '../src/producer-table.js';

/** The simplest thing that could be right: everything is kept, and everything is asked of all that was kept. */
class NaiveTable {
  readonly #seen: { id: number; epoch: number; subject: string; name: string; batches: ProducerBatch[] }[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get known(): Producer[] {
    return this.#seen.slice(-this.#max).map((each) => ({ ...each, batches: each.batches.slice(-batchesMax) }));
  }

  open(subject: string, name: string, index: number): { id: number; epoch: number } {
    const holder = this.known.find((each) => name !== '' && each.subject === subject && each.name === name);
    const isNew = holder === undefined || holder.epoch === 65535;
    const { id, epoch } = isNew ? { id: index, epoch: 0 } : { id: holder.id, epoch: holder.epoch + 1 };
    this.#forget(holder?.id ?? id);
    this.#seen.push({ id, epoch, subject, name, batches: [] });
    return { id, epoch };
  }

  append(id: number, batch: ProducerBatch): void {
    const producer = this.known.find((each) => each.id === id);
    if (producer === undefined) return;
    this.#forget(id);
    this.#seen.push({ ...producer, batches: [...producer.batches, batch] });
  }

  #forget(id: number): void {
    const dropped = this.#seen.length - this.known.length;
    this.#seen.splice(0, dropped);
    const at = this.#seen.findIndex((each) => each.id === id);
    if (at >= 0) this.#seen.splice(at, 1);
  }
}

const action = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    subject: fc.constantFrom('ann', 'bob'),
    name: fc.constantFrom('', 'x', 'y'),
  }),
  fc.record({
    kind: fc.constant('append' as const),
    pick: fc.nat(9),
    count: fc.constantFrom(1, 2, 1000, 2 ** 24),
    times: fc.constantFrom(1, 1, 1, 70),
  }),
);

/** Both, led through the same log, in which every batch is one that a leader would have taken. */
function led(actions: readonly (typeof action extends fc.Arbitrary<infer T> ? T : never)[], max: number) {
  const [table, naive] = [new ProducerTable(max), new NaiveTable(max)];
  let [index, offset] = [0, 0];
  const ids: number[] = [];
  for (const each of actions) {
    index += 1;
    if (each.kind === 'open') {
      const opening = table.opening(each);
      table.opened(opening, index);
      const { id, epoch } = naive.open(each.subject, each.name, index);
      expect([opening.id === 0 ? index : opening.id, opening.epoch]).toEqual([id, epoch]);
      ids.push(id);
      continue;
    }
    const id = ids[each.pick % Math.max(1, ids.length)] ?? 77;
    for (let time = 0; time < each.times; time += 1) {
      const producer = naive.known.find((known) => known.id === id);
      const last = producer?.batches.at(-1);
      const sequence = last === undefined ? 0 : (last.sequence + last.count) % 2 ** 32;
      const batch = { sequence, count: each.count, offset, term: 1 + (index >> 3), time: 1000 * index };
      table.appended(id, producer?.epoch ?? 0, batch);
      naive.append(id, batch);
      offset += each.count;
    }
  }
  return { table, naive, ids };
}

const runs = fc.tuple(fc.array(action, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }));

describe('the producer table', () => {
  test('knows what a table knows that keeps everything, in the same order', () => {
    fc.assert(
      fc.property(runs, ([actions, max]) => {
        const { table, naive } = led(actions, max);
        expect([...table]).toEqual(naive.known);
      }),
    );
  });

  test('takes the next batch of each producer, and answers each of those remembered with the first', () => {
    fc.assert(
      fc.property(runs, ([actions, max]) => {
        const { table, naive } = led(actions, max);
        for (const { id, epoch, subject, batches } of naive.known) {
          const who = { id, epoch, subject };
          const last = batches.at(-1);
          const next = last === undefined ? 0 : (last.sequence + last.count) % 2 ** 32;
          expect(table.judge(who, { sequence: next, count: 1 }).kind).toBe('next');
          for (const of of batches) expect(table.judge(who, of)).toEqual({ kind: 'duplicate', of });
          const gap = { sequence: (next + 1) % 2 ** 32, count: 1 };
          const isRemembered = batches.some(({ sequence, count }) => sequence === gap.sequence && count === 1);
          if (!isRemembered) expect(table.judge(who, gap)).toEqual({ kind: 'gap', expected: next });
          expect(table.judge({ ...who, subject: 'eve' }, gap).kind).toBe('unknown');
          expect(table.judge({ ...who, epoch: epoch + 1 }, gap).kind).toBe('unknown');
          if (epoch > 0) expect(table.judge({ ...who, epoch: epoch - 1 }, gap)).toEqual({ kind: 'fenced', epoch });
        }
      }),
    );
  });

  test('comes back from its bytes as it was, and so does a copy', () => {
    fc.assert(
      fc.property(runs, ([actions, max]) => {
        const { table } = led(actions, max);
        const again = decodeProducers(encodeProducers(table), max);
        expect([...again]).toEqual([...table]);
        expect(encodeProducers(table.clone())).toEqual(encodeProducers(table));
        for (const name of ['x', 'y']) {
          expect(again.opening({ subject: 'ann', name })).toEqual(table.opening({ subject: 'ann', name }));
        }
      }),
    );
  });

  test('forgets the producer that was not seen for longest, and refuses it', () => {
    const table = new ProducerTable(2);
    for (const index of [1, 2]) table.opened({ id: 0, epoch: 0, subject: 'ann', name: '' }, index);
    table.appended(1, 0, { sequence: 0, count: 1, offset: 0, term: 1, time: 0 });
    table.opened({ id: 0, epoch: 0, subject: 'ann', name: '' }, 4);
    expect([...table].map(({ id }) => id)).toEqual([1, 4]);
    expect(table.judge({ id: 2, subject: 'ann', epoch: 0 }, { sequence: 0, count: 1 }).kind).toBe('unknown');
  });

  test('counts on from 0 behind the last sequence number, and does not take an old batch for a new one', () => {
    const table = new ProducerTable();
    table.opened({ id: 0, epoch: 0, subject: 'ann', name: '' }, 1);
    const who = { id: 1, subject: 'ann', epoch: 0 };
    const counts = [2 ** 31, 2 ** 31 - 1, 3];
    let sequence = 0;
    for (const count of counts) {
      expect(table.judge(who, { sequence, count }).kind).toBe('next');
      table.appended(1, 0, { sequence, count, offset: 0, term: 1, time: 0 });
      sequence = (sequence + count) % 2 ** 32;
    }
    expect(sequence).toBe(2);
    expect(table.judge(who, { sequence: 2 ** 32 - 5, count: 1 })).toEqual({ kind: 'stale', expected: 2 });
    expect(table.judge(who, { sequence: 3, count: 1 })).toEqual({ kind: 'gap', expected: 2 });
    expect(table.judge(who, { sequence: 2 ** 32 - 1, count: 2 })).toEqual({ kind: 'stale', expected: 2 });
  });

  test('gives a name a new id when its epochs are used up, and fences the old', () => {
    const owner = { subject: 'ann', name: 'x' };
    const table = new ProducerTable();
    table.opened({ id: 0, epoch: 65535, ...owner }, 1);
    expect(table.opening(owner)).toEqual({ id: 0, epoch: 0, ...owner });
    table.opened(table.opening(owner), 9);
    expect([...table].map(({ id }) => id)).toEqual([9]);
  });

  test.each([
    ['other bytes', Buffer.from('no table at all')],
    [
      'a table that was cut short',
      encodeProducers(
        led(
          [
            { kind: 'open', subject: 'ann', name: 'x' },
            { kind: 'append', pick: 0, count: 1, times: 70 },
          ],
          5,
        ).table,
      ).subarray(0, -1),
    ],
  ])('refuses to be read from %s', (_what, bytes) => {
    expect(() => decodeProducers(bytes)).toThrow(/expected a table of producers/);
  });
});
