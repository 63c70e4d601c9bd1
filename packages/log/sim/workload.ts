import { type Log, openLog } from '@commitlog/log';
import { batchTypes, encodeBatch, encodeControlBatch } from '@commitlog/record';
import { SeededRandom, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { derivedAt, emptyState, type LogState, tailOf, withBatches } from './model.js';

export const dir = '/log';
/** Small, so that a workload of a hundred batches rolls often, and large enough that one group spans several pages. */
export const segmentBytes = 16 * 1024;

/**
 * A log on a simulated disk, the operations that a program does with it, and the states in which a power cut at this very moment may
 * leave it.
 */
export class Workload {
  readonly #random: SeededRandom;
  readonly #watch: (disk: SimulatedDisk) => void;
  #disk = new SimulatedDisk();
  #clock = new SimulatedClock();
  #log!: Log;
  /** What the log holds once everything that was asked for is done. */
  #target: LogState = emptyState;
  #allowed: readonly LogState[] = [];

  /** @param watch is shown the disk, and every other that takes its place, before anything is done with it */
  constructor(seed: number, watch: (disk: SimulatedDisk) => void) {
    this.#watch = watch;
    watch(this.#disk);
    this.#random = new SeededRandom(seed).fork('workload');
  }

  /** The states that a recovery may show now; none before the log was first opened. */
  get allowed(): readonly LogState[] {
    return this.#allowed;
  }

  /** Everything, in an order in which each operation meets the others' leftovers. */
  async run(): Promise<void> {
    await this.#open('create');
    for (let count = 0; count < 3; count += 1) await this.#append('append', [this.#batch(200)]);
    await this.#append('append a group', this.#batches(6, 1500));
    await this.#saveHardState({ term: 1, vote: 'a', commitHint: 3, storageId: 'a1'.repeat(16) });
    await this.#appendUntilRoll('roll');
    await this.#append('append a group', this.#batches(5, 1200));
    await this.#wait();
    await this.#trim('trim inside a segment', 5);
    await this.#append('append', [encodeControlBatch(batchTypes.noop, Buffer.alloc(0))]);
    await this.#appendUntilRoll('roll');
    await this.#appendUntilRoll('roll');
    await this.#trim('trim whole segments', this.#log.segments[1]!.base.index + 2);
    await this.#truncate('truncate the last segment', tailOf(this.#target).index - 2);
    await this.#append('append after a truncation', this.#batches(3, 900));
    await this.#truncate('truncate sealed segments', this.#log.segments.at(-3)!.base.index + 3);
    await this.#append('append after a truncation', this.#batches(4, 3000), 2);
    await this.#saveHardState({ term: 2, vote: null, commitHint: 20, storageId: 'a1'.repeat(16) });
    await this.#appendUntilRoll('roll');
    await this.#truncate('truncate to a boundary', this.#log.segments.at(-1)!.base.index);
    await this.#append('append after a truncation', this.#batches(2, 400), 3);
    await this.#close();
    await this.#open('open');
    await this.#append('append', [this.#batch(2500)]);
    await this.#killAndReopen();
    await this.#appendUntilRoll('roll');
    await this.#mend();
    await this.#append('append', this.#batches(3, 2000));
    await this.#truncate('truncate everything', this.#target.startIndex);
    await this.#append('append after a truncation', this.#batches(3, 700), 4);
    await this.#reset();
    await this.#append('append after a reset', this.#batches(8, 1900), 9);
    await this.#appendUntilRoll('roll');
    await this.#trim('trim everything', tailOf(this.#target).index + 1);
    await this.#append('append', [this.#batch(100)]);
    await this.#close();
  }

  async #open(label: string): Promise<void> {
    this.#disk.label = label;
    if (this.#allowed.length === 0) this.#allowed = [emptyState];
    this.#log = await openLog(
      { dir, segmentBytes, checkpoint: ({ index }) => Buffer.from(derivedAt(this.#target, index)) },
      { files: this.#disk.files, clock: this.#clock },
    );
  }

  async #close(): Promise<void> {
    this.#disk.label = 'close';
    await this.#log.close();
  }

  /** A process that is killed leaves everything in the page cache: the next one finds it there, without a power cut. */
  async #killAndReopen(): Promise<void> {
    this.#disk = this.#disk.clone();
    this.#clock = new SimulatedClock({ wallMs: this.#clock.wallMs() });
    this.#watch(this.#disk);
    await this.#open('open after a kill');
  }

  async #append(label: string, batches: readonly Buffer[], term?: number): Promise<void> {
    this.#disk.label = label;
    const before = this.#target;
    const prefixes = [before];
    const done = batches.map((batch) => {
      const appended = this.#log.append(batch, term === undefined ? {} : { term });
      // Stamped on the way in; the log's own until it is durable.
      this.#target = withBatches(this.#target, Buffer.from(batch));
      prefixes.push(this.#target);
      return appended;
    });
    this.#allowed = prefixes;
    await Promise.all(
      done.map(async (appended, at) => {
        await appended;
        const acknowledged = before.batches.length + at + 1;
        this.#allowed = this.#allowed.filter((state) => state.batches.length >= acknowledged);
      }),
    );
  }

  async #appendUntilRoll(label: string): Promise<void> {
    const segments = this.#log.segments.length;
    while (this.#log.segments.length === segments) await this.#append(label, this.#batches(2, 2200));
  }

  async #saveHardState(hardState: LogState['hardState']): Promise<void> {
    await this.#change('save hard state', { ...this.#target, hardState }, () => this.#log.saveHardState(hardState));
  }

  async #trim(label: string, index: number): Promise<void> {
    await this.#change(label, { ...this.#target, startIndex: index - 1 }, () => this.#log.trimBefore(index));
  }

  async #truncate(label: string, index: number): Promise<void> {
    const batches = this.#target.batches.slice(0, index - this.#target.base.index);
    await this.#change(label, { ...this.#target, batches }, () => this.#log.truncateAfter(index));
  }

  async #reset(): Promise<void> {
    const base = { index: 500, term: 9, nextOffset: 1234, appendTime: this.#clock.wallMs() };
    const target = { ...this.#target, base, baseDerived: 'a snapshot', batches: [], startIndex: 500 };
    await this.#change('reset', target, () => this.#log.reset(base, Buffer.from('a snapshot')));
  }

  /** Damages a batch in the middle of a sealed segment, and fetches it from the model, as if that were a replica. */
  async #mend(): Promise<void> {
    const segment = this.#log.segments.at(-2)!;
    const damagedIndex = segment.base.index + 2;
    const name = this.#disk.paths().find((path) => path.endsWith(`-${segment.id}.log`))!;
    const at = Buffer.from(this.#disk.bytesOf(name)).indexOf(
      this.#target.batches[damagedIndex - this.#target.base.index - 1]!,
    );
    this.#disk.label = 'mend';
    this.#disk.flipBit(name, (at + 70) * 8);
    const whole = this.#target;
    this.#target = { ...whole, damaged: new Set([damagedIndex]) };
    this.#allowed = [this.#target];
    const batches = this.#target.batches;
    const firstIndex = this.#target.base.index + 1;
    await this.#change('mend', whole, () =>
      this.#log.mend(segment.id, async function* (first, last) {
        for (let index = first; index <= last; index += 1) yield batches[index - firstIndex]!;
      }),
    );
  }

  /** Lets time pass for the timer of SYNCED, and waits until the disk is quiet again. */
  async #wait(): Promise<void> {
    this.#disk.label = 'save how far it is synced';
    this.#clock.advance(1500);
    for (let before = -1; before !== this.#disk.operationCount; ) {
      before = this.#disk.operationCount;
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
  }

  /** Does something that is, after a crash, either done or not. */
  async #change(label: string, target: LogState, change: () => Promise<void>): Promise<void> {
    this.#disk.label = label;
    const changed = change();
    this.#allowed = [...this.#allowed, target];
    await changed;
    this.#target = target;
    this.#allowed = [target];
  }

  #batches(count: number, bytes: number): Buffer[] {
    return Array.from({ length: count }, () => this.#batch(bytes));
  }

  #batch(bytes: number): Buffer {
    const value = Buffer.from(this.#random.bytes(Math.floor(bytes / 2)));
    return encodeBatch([{ value }, { value, key: Buffer.from('key') }]);
  }
}
