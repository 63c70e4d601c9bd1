import assert from 'node:assert/strict';
import { type Log, LogError, type LogPosition, openLog, verifyLog } from '@commitlog/log';
import { batches, indexOf } from '@commitlog/record';
import {
  faults,
  type OperationMethod,
  PosixError,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  seedsFrom,
} from '@commitlog/simulation';
import { it } from 'vitest';
import { commitSeed } from '../../../scripts/seed.mjs';
import { nextTurn, SlowFiles } from './slow-files.js';
import { batchOf, dir, valuesIn } from './world.js';

/*
 * Calls that wait for nobody, on a disk that is slow and fails: appends, truncations, trims, resets, mends and hard states, while followers
 * read. What each call came to, in the order in which they were made, tells what the log must hold; and after a stop, a kill or a power cut it
 * must hold the same.
 */

type Change =
  | { readonly kind: 'append'; readonly value: string }
  | { readonly kind: 'truncate' | 'trim'; readonly index: number }
  | { readonly kind: 'reset'; readonly index: number }
  | { readonly kind: 'other' };

interface Call {
  readonly change: Change;
  /** What became of it, once it is settled. */
  outcome: { readonly position: LogPosition | undefined } | { readonly error: LogError } | undefined;
}

/** What a log holds: values behind an index, and a start among them. */
class Expected {
  #base = 0;
  #values: string[] = [];
  start = 0;

  get end(): number {
    return this.#base + this.#values.length;
  }

  /** What can be read from the start. */
  get served(): [index: number, value: string][] {
    return this.#values
      .map((value, at): [number, string] => [this.#base + at + 1, value])
      .filter(([index]) => index > this.start);
  }

  /** Takes note of a call that was done. */
  done(change: Change, position: LogPosition | undefined): void {
    if (change.kind === 'append') {
      this.#values.push(change.value);
      assert.equal(position?.index, this.end, `the index of ${change.value}`);
    } else if (change.kind === 'truncate') {
      assert(change.index >= this.start, `a truncation after ${change.index} was done, below the start ${this.start}`);
      this.#values.length = Math.min(this.#values.length, change.index - this.#base);
    } else if (change.kind === 'trim') {
      assert(change.index <= this.end + 1, `a trim before ${change.index} was done, behind the end ${this.end}`);
      this.start = Math.max(this.start, change.index - 1);
    } else if (change.kind === 'reset') {
      [this.#base, this.start, this.#values] = [change.index, change.index, []];
    }
  }

  /** A call was refused: was there a reason? */
  refused(change: Change, { code, message }: LogError): void {
    if (code !== 'out-of-range') return;
    const isBelow = change.kind === 'truncate' && change.index < this.start;
    const isBehind = change.kind === 'trim' && change.index > this.end + 1;
    assert(isBelow || isBehind, `${JSON.stringify(change)} was refused (${message}), at ${this.start} to ${this.end}`);
  }
}

const refusals = ['no-space', 'io', 'too-many-files', 'fenced', 'out-of-range', 'damaged', 'mend', 'closed'];
const segmentBytes = 4096;
/** What an operation fails with, where that is not the same for all. */
const failures: Partial<Record<OperationMethod, readonly string[]>> = {
  read: ['EIO'],
  resize: ['EIO'],
  open: ['EIO', 'ENOSPC', 'EMFILE'],
};

class Play {
  readonly #random: SeededRandom;
  readonly #disk = new SimulatedDisk();
  readonly #clock = new SimulatedClock();
  readonly #slow: SlowFiles;
  readonly #calls: Call[] = [];
  readonly #settled: Promise<void>[] = [];
  readonly #followers: Promise<void>[] = [];
  readonly #stopping = new AbortController();
  #log!: Log;

  constructor(seed: string) {
    this.#random = new SeededRandom(seed);
    this.#slow = new SlowFiles(this.#disk.files, this.#random.fork('slow'));
  }

  async run(): Promise<void> {
    const random = this.#random;
    const settings = {
      dir,
      segmentBytes,
      openFilesMax: 1 + random.below(3),
      groupBytesMax: 1 + random.below(6000),
      checkpoint: ({ index }: LogPosition) => (random.chance(0.7) ? Buffer.from(`state of ${index}`) : undefined),
    };
    this.#log = await openLog(settings, { files: this.#slow.files, clock: this.#clock });
    this.#letFail([0, 1 / 200, 1 / 40, 1 / 10][random.below(4)]!);
    for (let steps = 30 + random.below(60); steps > 0; steps -= 1) {
      this.#step();
      if (random.chance(0.3)) for (let turns = random.below(6); turns > 0; turns -= 1) await nextTurn();
    }
    if (random.chance(0.3)) await this.#close();
    await Promise.all(this.#settled);
    this.#disk.onOperation = undefined;
    await this.#judge();
  }

  /** Lets so many of the operations fail. No sync: nobody knows what is durable after that. */
  #letFail(probability: number): void {
    const random = this.#random.fork('failures');
    const spared = ['close', 'release', 'sync', 'syncDirectory'];
    this.#disk.onOperation = ({ method, path }) => {
      if (spared.includes(method) || !random.chance(probability)) return;
      const codes = failures[method] ?? ['EIO', 'ENOSPC'];
      throw new PosixError(codes[random.below(codes.length)]!, method, path);
    };
  }

  #step(): void {
    const [random, log] = [this.#random, this.#log];
    const { start, tail, durable } = log;
    assert(start.index <= durable.index && start.index <= tail.index, `${start.index} ${durable.index} ${tail.index}`);
    const kind = random.below(100);
    if (kind < 58) for (let count = 1 + random.below(4); count > 0; count -= 1) this.#append();
    else if (kind < 67) {
      const index = start.index + random.below(tail.index - start.index + 2);
      this.#call({ kind: 'truncate', index }, log.truncateAfter(index));
    } else if (kind < 76) {
      const index = start.index + 1 + random.below(durable.index - start.index + 1);
      this.#call({ kind: 'trim', index }, log.trimBefore(index));
    } else if (kind < 79) {
      const index = random.below(tail.index + 5);
      const position = { ...tail, index, term: tail.term + 1, nextOffset: index };
      const state = random.chance(0.5) ? Buffer.from(`state of ${index}`) : undefined;
      this.#call({ kind: 'reset', index }, log.reset(position, state));
    } else if (kind < 84) {
      const { id } = log.segments[random.below(log.segments.length)]!;
      const nothing = async function* (): AsyncGenerator<Buffer> {};
      this.#call({ kind: 'other' }, log.mend(id, nothing));
    } else if (kind < 88) {
      this.#call({ kind: 'other' }, log.saveHardState({ ...log.hardState, term: tail.term + 1 }));
    } else if (kind < 94) this.#followers.push(this.#follow(random.chance(0.5) ? 'start' : 'end'));
    else this.#clock.advance(random.below(2000));
  }

  #append(): void {
    const value = `v${this.#calls.length}`;
    const padded = `${value} `.padEnd(10 + this.#random.below(1500), '.');
    this.#call({ kind: 'append', value }, this.#log.append(batchOf(padded)));
  }

  #call(change: Change, running: Promise<unknown>): void {
    const call: Call = { change, outcome: undefined };
    this.#calls.push(call);
    const settle = async (): Promise<void> => {
      try {
        call.outcome = { position: (await running) as LogPosition | undefined };
      } catch (error) {
        assert(error instanceof LogError && refusals.includes(error.code), `${JSON.stringify(change)}: ${error}`);
        call.outcome = { error };
      }
    };
    this.#settled.push(settle());
  }

  /** What is read has no gap, until it is truncated or the log closed. */
  async #follow(from: 'start' | 'end'): Promise<void> {
    const request = { from, follow: true, signal: this.#stopping.signal, maxBytes: 1 + this.#random.below(5000) };
    let last: number | undefined;
    try {
      for await (const { bytes } of this.#log.slices(request)) {
        for (const batch of batches(bytes)) {
          assert(
            last === undefined || indexOf(batch) === last + 1,
            `a follower came from ${last} to ${indexOf(batch)}`,
          );
          last = indexOf(batch);
        }
      }
    } catch (error) {
      if (!(error instanceof LogError) && error !== this.#stopping.signal.reason) throw error;
    }
  }

  /** What fails then is told, and the log is closed all the same. */
  async #close(): Promise<void> {
    await this.#log.close().catch((error: unknown) => assert(error instanceof LogError));
  }

  async #judge(): Promise<void> {
    const log = this.#log;
    const isFenced = log.fencedBy !== undefined;
    const expected = isFenced ? undefined : this.#expected();
    const isClosed = await log.read({ from: 'end' }).then(
      () => false,
      (error: LogError) => error.code === 'closed',
    );
    if (!isClosed) await this.#compare(log, expected);
    this.#stopping.abort(new Error('enough'));
    await Promise.all(this.#followers);
    const killed = this.#disk.clone();
    const cut = this.#disk.crash(faults[this.#random.below(faults.length)]!, this.#random.fork('power cut'));
    await this.#close();
    for (let turns = 0; turns < 30; turns += 1) await nextTurn();
    assert.deepEqual(this.#slow.openPaths, []);
    for (const disk of [cut, killed, this.#disk]) await this.#reopen(disk, expected);
  }

  #expected(): Expected {
    const expected = new Expected();
    for (const { change, outcome } of this.#calls) {
      assert(outcome !== undefined, `${JSON.stringify(change)} never ended`);
      if ('error' in outcome) expected.refused(change, outcome.error);
      else expected.done(change, outcome.position);
    }
    return expected;
  }

  /** @param expected `undefined` where nobody knows: then the appends that were acknowledged behind the last change are there */
  async #compare(log: Log, expected: Expected | undefined): Promise<void> {
    const found = await contentsOf(log);
    if (expected === undefined) {
      const lastChange = this.#calls.findLastIndex(({ change: { kind } }) => kind !== 'append' && kind !== 'other');
      for (const { change, outcome } of this.#calls.slice(lastChange + 1)) {
        if (change.kind !== 'append' || outcome === undefined || 'error' in outcome) continue;
        assert(found.some(([index, value]) => index === outcome.position?.index && value === change.value));
      }
      return;
    }
    assert.deepEqual([log.start.index, log.tail.index, found], [expected.start, expected.end, expected.served]);
    for (const key of log.checkpoints) {
      assert.equal((await log.readCheckpoint(key))?.toString(), `state of ${key.index}`);
    }
  }

  async #reopen(disk: SimulatedDisk, expected: Expected | undefined): Promise<void> {
    const { files } = disk;
    const log = await openLog({ dir, segmentBytes }, { files, clock: this.#clock });
    assert.deepEqual(log.damage, []);
    await this.#compare(log, expected);
    await log.append(batchOf('more'));
    await log.close();
    const { findings } = await verifyLog({ dir }, { files });
    // One of an index that could not be written whole is no fault: it is a cache.
    assert.deepEqual(
      findings.filter(({ file }) => !file.endsWith('.index')),
      [],
    );
  }
}

async function contentsOf(log: Log): Promise<[index: number, value: string][]> {
  const found: [number, string][] = [];
  for await (const { bytes } of log.slices({ from: 'start', maxBytes: 3000 })) {
    for (const batch of batches(bytes)) found.push([indexOf(batch), valuesIn(batch).join()]);
  }
  return found;
}

it.each(seedsFrom(commitSeed(), 40))(
  'given calls that wait for nobody on a disk that is slow and fails (seed %s), then the log holds what they came to, one after the other',
  async (seed) => {
    await new Play(seed).run();
  },
);
