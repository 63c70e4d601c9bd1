import assert from 'node:assert/strict';
import type { Log, LogPosition } from '@commitlog/log';
import {
  appendTimeOf,
  batches,
  batchTypes,
  countOf,
  encodeControlBatch,
  indexOf,
  nextOffsetOf,
} from '@commitlog/record';
import { SeededRandom } from '@commitlog/simulation';
import fc from 'fast-check';
import { it } from 'vitest';
import { origin } from '../src/position.js';
import { positionAfter } from '../src/sequence.js';
import { batchOf, stampedAfter, World } from './world.js';

/** What a log is: batches behind a position, and a start among them. */
interface Model {
  base: LogPosition;
  batches: Buffer[];
  start: LogPosition;
}

type Step =
  | { readonly kind: 'append'; readonly sizes: readonly number[]; readonly term: number }
  | { readonly kind: 'control' }
  | { readonly kind: 'stamped'; readonly count: number; readonly term: number }
  | { readonly kind: 'truncate' | 'trim'; readonly share: number }
  | { readonly kind: 'reset'; readonly ahead: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'roll' | 'reopen' | 'kill' }
  | { readonly kind: 'crash'; readonly fault: 'kept' | 'lost' | 'mixed' };

const size = fc.integer({ min: 0, max: 1200 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      sizes: fc.array(size, { minLength: 1, maxLength: 5 }),
      term: fc.nat(1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('stamped' as const),
      count: fc.integer({ min: 1, max: 4 }),
      term: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('control' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('truncate' as const, 'trim' as const),
      share: fc.double({ min: 0, max: 1.1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reset' as const), ahead: fc.integer({ min: -20, max: 50 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: -5000, max: 5000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('roll' as const, 'reopen' as const, 'kill' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      fault: fc.constantFrom('kept' as const, 'lost' as const, 'mixed' as const),
    }),
  },
);

class Play {
  #world = new World();
  #log!: Log;
  readonly #model: Model = { base: origin, batches: [], start: origin };
  readonly #random = new SeededRandom('model');

  async run(steps: readonly Step[]): Promise<void> {
    this.#log = await this.#world.open({ segmentMs: 10_000 });
    for (const next of steps) {
      await this.#take(next);
      await this.#compare();
    }
  }

  get #tail(): LogPosition {
    return this.#positionAt(this.#model.base.index + this.#model.batches.length);
  }

  #positionAt(index: number): LogPosition {
    const { base, batches: list } = this.#model;
    return index === base.index ? base : positionAfter(list[index - base.index - 1]!, 0);
  }

  async #take(next: Step): Promise<void> {
    const [log, model, tail] = [this.#log, this.#model, this.#tail];
    switch (next.kind) {
      case 'append': {
        const term = Math.max(1, tail.term) + next.term;
        const made = next.sizes.map((bytes, at) => batchOf(...Array.from({ length: at + 1 }, () => 'x'.repeat(bytes))));
        await Promise.all(made.map((batch) => log.append(batch, { term })));
        model.batches.push(...made.map((batch) => Buffer.from(batch)));
        return;
      }
      case 'control': {
        const batch = encodeControlBatch(batchTypes.noop, Buffer.alloc(0));
        await log.append(batch);
        model.batches.push(Buffer.from(batch));
        return;
      }
      case 'stamped': {
        let previous = tail;
        const made = Array.from({ length: next.count }, (_, at) => {
          const batch = stampedAfter(previous, batchOf(`stamped ${at}`), {
            term: Math.max(1, tail.term) + next.term,
            appendTime: previous.appendTime + at * 10,
          });
          previous = positionAfter(batch, 0);
          return batch;
        });
        assert.deepEqual(await log.appendStamped(made), previous);
        model.batches.push(...made);
        return;
      }
      case 'truncate': {
        const index = model.start.index + Math.floor((tail.index - model.start.index) * next.share);
        await log.truncateAfter(index);
        model.batches.length = Math.min(model.batches.length, index - model.base.index);
        return;
      }
      case 'trim': {
        const index = Math.min(tail.index + 1, Math.floor((tail.index + 1) * next.share));
        await log.trimBefore(index);
        if (index > model.start.index + 1) model.start = this.#positionAt(index - 1);
        return;
      }
      case 'reset': {
        const index = Math.max(0, tail.index + next.ahead);
        const position = { index, term: tail.term + 1, nextOffset: index * 3, appendTime: tail.appendTime };
        await log.reset(position);
        Object.assign(model, { base: position, start: position, batches: [] });
        return;
      }
      case 'wait':
        if (next.ms >= 0) this.#world.clock.advance(next.ms);
        else this.#world.clock.jumpWall(next.ms);
        return;
      case 'roll':
        return await this.#take({ kind: 'append', sizes: [3000], term: 0 });
      case 'reopen':
        await log.close();
        return await this.#open(this.#world);
      case 'kill':
        return await this.#open(new World(this.#world.disk.clone()));
      case 'crash':
        return await this.#open(new World(this.#world.disk.crash(next.fault, this.#random)));
    }
  }

  async #open(world: World): Promise<void> {
    world.clock.setWall(this.#world.clock.wallMs());
    this.#world = world;
    this.#log = await world.open({ segmentMs: 10_000 });
  }

  async #compare(): Promise<void> {
    const [log, { start, base, batches: list }, tail] = [this.#log, this.#model, this.#tail];
    assert.deepEqual([log.start, log.tail, log.durable, log.damage], [start, tail, tail, []]);
    const served = list.slice(start.index - base.index);
    assert.deepEqual(await this.#read('start'), served.map(digest));
    // One look-up of each kind, somewhere.
    const index = start.index + 1 + this.#random.below(served.length + 1);
    const behind = served.slice(index - start.index - 1);
    assert.deepEqual(await this.#read({ index }), behind.map(digest));
    assert.deepEqual(await log.positionAt(index - 1), this.#positionAt(index - 1));
    assert.deepEqual(await log.termAt(index - 1), this.#positionAt(index - 1).term);
    const offset = start.nextOffset + this.#random.below(tail.nextOffset - start.nextOffset + 1);
    const holding = served.findIndex((batch) => nextOffsetOf(batch) > offset);
    assert.deepEqual(await this.#read({ offset }), holding === -1 ? [] : served.slice(holding).map(digest));
    const time = this.#positionAt(index - 1).appendTime + this.#random.below(2);
    const later = served.findIndex((batch) => appendTimeOf(batch) >= time);
    assert.deepEqual(await this.#read({ time }), later === -1 ? [] : served.slice(later).map(digest));
    const records = served.reduce((count, batch) => count + countOf(batch), 0);
    assert.deepEqual(tail.nextOffset - start.nextOffset, records);
  }

  async #read(from: Parameters<Log['read']>[0]['from']): Promise<string[]> {
    const found: string[] = [];
    const maxBytes = 1 + this.#random.below(8000);
    for await (const { bytes } of this.#log.slices({ from, maxBytes })) {
      for (const batch of batches(bytes)) found.push(digest(batch));
    }
    return found;
  }
}

function digest(batch: Buffer): string {
  return `${indexOf(batch)} ${batch.toString('base64url')}`;
}

it('given any sequence of operations, restarts and power cuts, then the log holds what a list would', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => new Play().run(steps)),
    { numRuns: 120 },
  );
}, 60_000);
