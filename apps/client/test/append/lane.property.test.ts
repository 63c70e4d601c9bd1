import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lane } from '../../src/append/lane.js';
import { CommitlogError } from '../../src/errors.js';
import { FakeCluster, FakeWire, settled } from './network.js';

const deadlineMs = 400;
/** Some lie further apart than a batch can say, unless it is counted from one in the middle. */
const times = [0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1, 2, 3];

interface Told {
  readonly value: string;
  readonly isConditional: boolean;
  offset?: number;
  error?: CommitlogError;
  madeMs: number;
  tookMs?: number;
}

/** One lane, and what its callers were told. */
class Run {
  readonly told: Told[] = [];
  readonly cluster: FakeCluster;
  readonly lane: Lane;

  constructor(seed: number, trouble: number, mode: 'independent' | 'stream', isNamed = false) {
    this.cluster = new FakeCluster(seed, trouble);
    const wire = new FakeWire(this.cluster, 'lane');
    const { clock, random } = this.cluster;
    const settings = { deadlineMs, pendingBytesMax: 100_000, mode, isNamed };
    this.lane = new Lane(settings, { wire, clock, random, defer: (work) => clock.after(0, work) });
    wire.lane = this.lane;
  }

  append(bytes: number, expectedOffset?: number, signal?: AbortSignal): void {
    const { clock } = this.cluster;
    const told: Told = {
      value: `${this.told.length} `.padEnd(bytes, '.'),
      isConditional: expectedOffset !== undefined,
      madeMs: clock.nowMs,
    };
    this.told.push(told);
    this.lane
      .append({ value: Buffer.from(told.value), time: times[this.told.length % times.length]! }, expectedOffset, signal)
      .then(
        ({ offset }) => {
          told.offset = offset;
        },
        (error: CommitlogError) => {
          told.error = error;
        },
      )
      .finally(() => {
        told.tookMs = clock.nowMs - told.madeMs;
      });
  }

  /** Nothing goes wrong any more, and whatever was delayed has come. */
  async heal(): Promise<void> {
    this.cluster.isHealed = true;
    await this.cluster.clock.pass(10_000);
    await settled();
  }

  check(): void {
    const { values } = this.cluster;
    assert.equal(new Set(values).size, values.length, 'something is in the log twice');
    const places = values.map((value) => Number.parseInt(value, 10));
    const inOrder = places.toSorted((one, other) => one - other);
    assert.deepEqual(places, inOrder, 'what is in the log is not in the order in which it was given');
    for (const { value, offset, error, tookMs } of this.told) {
      assert.ok(tookMs !== undefined && tookMs <= deadlineMs + 1, `${value} was settled after ${tookMs} ms`);
      if (offset !== undefined)
        assert.equal(values[offset], value, 'what was acknowledged is not where it was said to be');
      else {
        assert.ok(error instanceof CommitlogError);
        if (error.outcome === 'not-applied') assert.ok(!values.includes(value), `${value} is there: ${error.code}`);
        else assert.equal(error.outcome, 'unknown');
      }
    }
  }
}

const step = fc.record({
  waitMs: fc.integer({ min: 0, max: 120 }),
  appends: fc.integer({ min: 1, max: 30 }),
  bytes: fc.constantFrom(20, 300, 9000, 70_000),
  isConditional: fc.boolean(),
  abortAfterMs: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
});
/** At the end of much trouble the producer is forgotten: the next append must not wait for longer than it has, because others had to. */
const forgottenAfterTrouble = [
  { waitMs: 14, appends: 21, bytes: 20, isConditional: true, abortAfterMs: 0 },
  { waitMs: 54, appends: 28, bytes: 20, isConditional: false, abortAfterMs: undefined },
  { waitMs: 100, appends: 21, bytes: 20, isConditional: false, abortAfterMs: undefined },
  { waitMs: 118, appends: 2, bytes: 20, isConditional: false, abortAfterMs: undefined },
  { waitMs: 48, appends: 10, bytes: 20, isConditional: false, abortAfterMs: undefined },
  { waitMs: 105, appends: 29, bytes: 20, isConditional: false, abortAfterMs: undefined },
];
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

test('given a network that loses, delays and repeats, then appends are in the log once, in order, and everybody is told the truth', async () => {
  const outcomes = { acknowledged: 0, unknown: 0, 'not-applied': 0 };
  const run = fc.asyncProperty(
    seeds,
    fc.constantFrom(0.02, 0.3, 0.8),
    fc.array(step, { maxLength: 25 }),
    async (seed, trouble, steps) => {
      const run = new Run(seed, trouble, 'independent');
      for (const { waitMs, appends, bytes, isConditional, abortAfterMs } of steps) {
        for (let at = 0; at < appends; at += 1) {
          const abort = new AbortController();
          if (abortAfterMs !== undefined && at % 3 === 0) run.cluster.clock.after(abortAfterMs, () => abort.abort());
          // Now the right one, now one that is still to come.
          const expected = run.cluster.values.length + run.cluster.random.below(4);
          run.append(bytes, isConditional && at % 5 === 0 ? expected : undefined, abort.signal);
        }
        await run.cluster.clock.pass(waitMs);
      }
      await run.heal();
      run.append(20);
      await run.heal();
      run.check();
      expect(run.told.at(-1)!.offset, 'a healed cluster takes the next').toBeDefined();
      expect([run.lane.pending, run.lane.pendingBytes], 'nothing is kept').toEqual([0, 0]);
      for (const { offset, error } of run.told) outcomes[offset === undefined ? error!.outcome! : 'acknowledged'] += 1;
    },
  );
  await fc.assert(run, { numRuns: 250, examples: [[1, 0.8, forgottenAfterTrouble]] });
  // Otherwise next to nothing was tried.
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(200);
});

test('given a stream, then what is in the log is what was given up to some point, whatever happens', async () => {
  const ends = { whole: 0, cut: 0 };
  const run = fc.asyncProperty(
    seeds,
    fc.constantFrom(0.05, 0.4, 0.8),
    fc.boolean(),
    fc.array(step, { maxLength: 25 }),
    async (seed, trouble, isNamed, steps) => {
      const run = new Run(seed, trouble, 'stream', isNamed);
      for (const { waitMs, appends, bytes } of steps) {
        for (let at = 0; at < appends; at += 1) run.append(bytes);
        await run.cluster.clock.pass(waitMs);
      }
      await run.heal();
      run.check();
      const places = run.cluster.values.map((value) => Number.parseInt(value, 10));
      expect(places).toEqual(places.map((_, at) => at));
      expect([run.lane.pending, run.lane.pendingBytes], 'nothing is kept').toEqual([0, 0]);
      ends[places.length === run.told.length ? 'whole' : 'cut'] += 1;
    },
  );
  await fc.assert(run, { numRuns: 250 });
  for (const count of Object.values(ends)) expect(count).toBeGreaterThan(10);
});
