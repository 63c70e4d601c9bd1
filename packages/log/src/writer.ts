import { inspect } from 'node:util';
import type { Clock } from '@commitlog/runtime';
import type { LogDirectory } from './directory.js';
import { LogError } from './errors.js';
import type { Fence } from './fence.js';
import { type LogPosition, positionOf } from './position.js';
import { type SegmentLimits, SegmentPlan } from './segment-plan.js';
import type { SegmentSet } from './segment-set.js';
import type { SyncedFile } from './synced-file.js';
import { SyncedMarker } from './synced-marker.js';
import { Turns } from './turns.js';
import type { Watermark } from './watermark.js';
import type { Append, Change, Roll } from './work.js';

/**
 * When so many wait, they are written before the last group is told: the next is then checked and stamped during their sync, and that
 * takes longer than the sync does. When fewer wait, one sync for them and for those who were told is sooner done than two.
 */
const overlapFromBatches = 128;

export interface WriterLimits extends SegmentLimits {
  /** The most that one write takes, unless a single batch is longer. */
  readonly groupBytesMax: number;
  /** The most that may wait. */
  readonly pendingBytesMax: number;
}

/**
 * Group commit: what is waiting is written at once and synced once, up to a limit, and what comes meanwhile waits for the next group.
 * Under heavy load, those who waited for one group go on while the next is being synced: one half of the appenders works while the
 * other half's batches are on their way to the disk. One thing happens at a time, in the order in which it was asked for.
 *
 * `tail` runs ahead of the disk: it moves when a batch is taken, so that the next one can be stamped, and falls back to what is durable
 * when a write fails, which refuses every batch that waits.
 */
export class Writer {
  readonly #directory: LogDirectory;
  readonly #segments: SegmentSet;
  readonly #mark: SyncedMarker;
  readonly #durable: Watermark;
  readonly #fence: Fence;
  readonly #clock: Clock;
  readonly #limits: WriterLimits;
  readonly #saveState: (at: LogPosition) => Uint8Array | undefined;
  #tail: LogPosition;
  #queue: (Append | Roll | Change)[] = [];
  /** Durable, and whoever waits for it not yet told. */
  #durableGroup: readonly Append[] = [];
  #pendingBytes = 0;
  #plan: SegmentPlan;
  #gatheringSince: number | undefined;
  #isSavingState = false;
  #draining: Promise<void> | undefined;
  /** Taken while the tail is being moved back: until then, nobody knows what the next batch must follow. */
  readonly #turns = new Turns();

  constructor(
    parts: {
      readonly directory: LogDirectory;
      readonly segments: SegmentSet;
      readonly synced: SyncedFile;
      readonly durable: Watermark;
      readonly fence: Fence;
      readonly clock: Clock;
    },
    limits: WriterLimits,
    saveState: (at: LogPosition) => Uint8Array | undefined,
  ) {
    this.#directory = parts.directory;
    this.#segments = parts.segments;
    this.#mark = new SyncedMarker(parts);
    this.#durable = parts.durable;
    this.#fence = parts.fence;
    this.#clock = parts.clock;
    this.#limits = limits;
    this.#saveState = saveState;
    this.#tail = parts.segments.end;
    this.#plan = new SegmentPlan(parts.segments.active);
    parts.segments.onCut = () => this.#planFromDisk();
  }

  /** The point behind the last batch that was taken. */
  get tail(): LogPosition {
    return this.#tail;
  }

  /**
   * The time to stamp a batch with, in ms since 1970: that of the first batch of the group that is being gathered, since reading the
   * clock for each takes longer than most of what is done for it. Never goes back.
   */
  get appendTime(): number {
    // Whoever came first was refused, or has been told.
    if (this.#queue.length === 0) this.#gatheringSince = undefined;
    // Some clocks know fractions; a batch has whole milliseconds.
    this.#gatheringSince ??= Math.floor(this.#clock.wallMs());
    return Math.max(this.#tail.appendTime, this.#gatheringSince);
  }

  /** @throws LogError `settings` while the owner's checkpoint hook runs: between those two batches nothing may happen */
  requireNoHook(): void {
    if (!this.#isSavingState) return;
    throw new LogError(
      'settings',
      'the checkpoint hook must not change the log: return the state, and do it afterwards',
    );
  }

  /** @throws LogError `overloaded` when so many bytes more may not wait */
  requireRoom(bytes: number): void {
    const { pendingBytesMax } = this.#limits;
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > pendingBytesMax) {
      throw new LogError(
        'overloaded',
        `${this.#pendingBytes} bytes wait for the disk, and ${bytes} more exceed pendingBytesMax (${pendingBytesMax}): wait for earlier appends to settle`,
        { requested: this.#pendingBytes + bytes, last: pendingBytesMax },
      );
    }
  }

  /**
   * Takes a batch that is stamped, checked, and follows the tail.
   *
   * @param end the point behind it
   * @param undo called with the batch, should it be refused
   * @returns `end`, once the batch is durable
   */
  append<End extends LogPosition>(batch: Buffer, end: End, undo?: (batch: Buffer) => void): Promise<End> {
    // Before anything changes: the owner's hook may throw.
    this.#planRoll(batch.length);
    return new Promise<End>((resolve, reject) => {
      this.#take({ kind: 'append', batch, bytes: batch.length, end, resolve, reject, undo });
      this.#wake();
    });
  }

  /**
   * Takes several batches, at least one, as `append` does.
   *
   * @param ends the points behind each of them
   * @returns the last of these, once all are durable
   */
  appendAll(batches: readonly Buffer[], ends: readonly LogPosition[]): Promise<LogPosition> {
    const before = [this.#tail, this.#plan.copy(), this.#pendingBytes, this.#queue.length] as const;
    const last = batches.length - 1;
    try {
      for (let at = 0; at < last; at += 1) {
        const batch = batches[at]!;
        this.#planRoll(batch.length);
        this.#take({ kind: 'append', batch, bytes: batch.length, end: ends[at]!, ...nobody });
      }
      return this.append(batches[last]!, ends[last]!);
    } catch (error) {
      // As if nothing had been asked for: none of it has left this turn of the event loop.
      [this.#tail, this.#plan, this.#pendingBytes, this.#queue.length] = before;
      throw error;
    }
  }

  /** Takes batches, which must follow the tail: at once, or when it has come to rest, in the order of the calls. */
  inTurn<T>(bytes: number, append: () => Promise<T>): Promise<T> {
    if (this.#turns.settled === undefined) return append();
    this.requireRoom(bytes);
    this.#pendingBytes += bytes;
    // The next in turn waits until these were taken, not until they are durable.
    const taken = this.#turns.take(() => {
      this.#pendingBytes -= bytes;
      return { durable: append() };
    });
    return taken.then(({ durable }) => durable);
  }

  /** Runs a {@link change} that moves the log's end. */
  cut(run: () => Promise<void>): Promise<void> {
    return this.#turns.take(() => this.#enqueueChange(run).finally(() => this.#planFromDisk()));
  }

  /** Seals the active segment, unless it is empty. Not a roll: nobody derived a state up to there. */
  async sealActive(): Promise<void> {
    await this.cut(async () => {
      if (!this.#segments.active.isEmpty) await this.#segments.roll(undefined);
    });
  }

  /** Runs a change of the segments when all that was asked for before is done, or refused. */
  change(run: () => Promise<void>): Promise<void> {
    // What waits for its turn is not in the queue yet, and must not be overtaken.
    if (this.#turns.settled === undefined) return this.#enqueueChange(run);
    return this.#turns.take(() => ({ done: this.#enqueueChange(run) })).then(({ done }) => done);
  }

  /** Resolves when nothing waits any more; then saves how far the log is synced. */
  async stop(): Promise<void> {
    for (let busy = this.#busy; busy !== undefined; busy = this.#busy) await busy;
    this.#mark.stop();
    if (this.#fence.error === undefined) await this.#mark.save();
  }

  get #busy(): Promise<void> | undefined {
    return this.#draining ?? this.#turns.settled;
  }

  #take(append: Append): void {
    const { bytes, end } = append;
    this.#queue.push(append);
    this.#tail = end;
    this.#plan.take(bytes, end.appendTime);
    this.#pendingBytes += bytes;
  }

  #enqueueChange(run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ kind: 'change', run, resolve, reject });
      this.#wake();
    });
  }

  #planRoll(bytes: number): void {
    if (!this.#plan.isDue(bytes, this.#limits, this.#clock)) return;
    this.#queue.push({ kind: 'roll', state: this.#stateToSave() });
    this.#plan.roll();
  }

  #stateToSave(): Uint8Array | undefined {
    this.#isSavingState = true;
    let state: unknown;
    try {
      state = this.#saveState(positionOf(this.#tail));
    } finally {
      this.#isSavingState = false;
    }
    if (state === undefined || state instanceof Uint8Array) return state;
    const message = `the checkpoint hook must return a Uint8Array or undefined, and not a promise of one: it returned ${inspect(state)}`;
    throw new LogError('settings', message);
  }

  #planFromDisk(): void {
    this.#tail = this.#segments.end;
    this.#plan = new SegmentPlan(this.#segments.active);
    this.#moveMark();
  }

  /** Lets the watermark say what is durable now, and tells who waits behind that. */
  #moveMark(): void {
    const { index } = this.#segments.end;
    const truncated = (): LogError =>
      new LogError(
        'out-of-range',
        `the log was truncated after index ${index} while you waited: what you read behind it is gone`,
        { last: index },
      );
    this.#durable.set(index, truncated);
  }

  #wake(): void {
    // Behind everybody whom the end of the last group has woken and who appends at once: they form one group.
    this.#draining ??= Promise.resolve().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#queue.length < overlapFromBatches) await this.#settleFirst();
      const next = this.#queue[0]!;
      if (next.kind === 'append') await this.#writeOrFence(this.#takeGroup());
      else {
        this.#queue.shift();
        this.#settleGroup();
        await (next.kind === 'roll' ? this.#roll(next) : this.#change(next));
      }
    }
    this.#settleGroup();
    this.#draining = undefined;
  }

  /** The batches at the head of the queue that go to disk together. */
  #takeGroup(): Append[] {
    this.#gatheringSince = undefined;
    let [taken, bytes] = [0, 0];
    for (const work of this.#queue) {
      if (work.kind !== 'append') break;
      bytes += work.bytes;
      if (taken > 0 && bytes > this.#limits.groupBytesMax) break;
      taken += 1;
    }
    return this.#queue.splice(0, taken) as Append[];
  }

  /** What nobody foresaw leaves the log's own account of the disk in doubt, and must not leave anybody waiting. */
  async #writeOrFence(group: readonly Append[]): Promise<void> {
    try {
      await this.#writeGroup(group);
    } catch (cause) {
      const path = this.#directory.path;
      const message = `writing a group of batches in ${path} failed where it cannot (${inspect(cause)}): what is durable is unknown, so this log takes no more writes. Report it, then start again`;
      const error = new LogError('fenced', message, { path, cause });
      this.#fence.close(error);
      for (const { reject } of group) reject?.(error);
    }
  }

  async #writeGroup(group: readonly Append[]): Promise<void> {
    const { active } = this.#segments;
    const failed = this.#writeAndSync(group);
    // Those of the group before go on, and append again, while this one is on its way to the disk.
    this.#settleGroup();
    const failure = await failed;
    if (failure !== undefined) return await this.#refuse(failure.error, group);
    active.extend(group);
    // What an appender is told becomes its own.
    if (this.#tail === group.at(-1)!.end) this.#tail = active.end;
    for (const { bytes } of group) this.#pendingBytes -= bytes;
    this.#durableGroup = group;
    this.#durable.set(active.end.index);
    this.#mark.saveSoon();
  }

  /** @returns what went wrong; `undefined` when the group is durable */
  async #writeAndSync(group: readonly Append[]): Promise<{ readonly error: unknown } | undefined> {
    const { active, activeFile } = this.#segments;
    try {
      this.#fence.check();
      this.#mark.write();
      const batches = group.map(({ batch }) => batch);
      this.#directory.write(activeFile, active.file, batches, active.bytes);
      await this.#directory.sync(activeFile, active.file);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Tells those who wait for the last group that it is durable. */
  #settleGroup(): void {
    const group = this.#durableGroup;
    this.#durableGroup = [];
    for (const { resolve, end } of group) resolve?.(end as never);
  }

  /** Whom this wakes, and who appends at once, takes part in the next group. */
  async #settleFirst(): Promise<void> {
    this.#settleGroup();
    await Promise.resolve();
  }

  async #roll({ state }: Roll): Promise<void> {
    try {
      this.#fence.check();
      await this.#segments.roll(state);
    } catch (error) {
      await this.#refuse(error, []);
    }
  }

  async #change({ run, resolve, reject }: Change): Promise<void> {
    try {
      this.#fence.check();
      await run();
      resolve();
    } catch (error) {
      reject(error);
    }
  }

  /** Refuses a group that could not be written, and with it everything that was to follow it. */
  async #refuse(error: unknown, group: readonly Append[]): Promise<void> {
    if (this.#fence.error === undefined) await this.#cutPartialWrite();
    const waiting = this.#queue.filter((work) => work.kind === 'append');
    this.#queue = this.#queue.filter((work) => work.kind === 'change');
    this.#planFromDisk();
    for (const { batch, bytes, undo, reject } of [...group, ...waiting]) {
      this.#pendingBytes -= bytes;
      // First: whatever becomes of the batch, nobody is left waiting. Who waits goes on only when it is undone.
      reject?.(this.#fence.error ?? error);
      undo?.(batch);
    }
  }

  /** Should it stay there, batches that were refused could show up at the next start. */
  async #cutPartialWrite(): Promise<void> {
    const { active, activeFile } = this.#segments;
    try {
      await activeFile.resize(active.bytes);
    } catch (cause) {
      // A file system that turned read-only took nothing, and there is nothing to cut.
      if ((await activeFile.size().catch(() => undefined)) === active.bytes) return;
      const message = `a write to ${active.file} failed, and what it left behind could not be cut off: this log takes no more writes. Check the disk, then start again`;
      this.#fence.close(new LogError('fenced', message, { path: this.#directory.pathOf(active.file), cause }));
      return;
    }
    // Or it would be back after a power cut.
    await this.#directory.sync(activeFile, active.file).catch(nothing);
  }
}

const nobody = { resolve: undefined, reject: undefined, undo: undefined };

function nothing(): void {}
