import type { EventQueue, SeededRandom } from '@commitlog/simulation';
import {
  type Configuration,
  decodeConfiguration,
  type Entry,
  type HardState,
  type Index,
  type PersistEffect,
  type SnapshotMeta,
  type StoredState,
  type WriteNumber,
} from '../src/index.js';

/** What a disk holds. */
interface Image {
  hardState: HardState;
  snapshot: { readonly meta: SnapshotMeta; readonly data: Uint8Array } | null;
  start: { index: Index; term: number };
  entries: Entry[];
  staged: { readonly id: string; chunks: Uint8Array[] } | null;
}

type Operation =
  | { readonly kind: 'persist'; readonly effect: PersistEffect; readonly done: () => void }
  | {
      readonly kind: 'stage';
      readonly write: WriteNumber;
      readonly meta: SnapshotMeta;
      readonly offset: number;
      readonly data: Uint8Array;
      readonly done: () => void;
    }
  | {
      readonly kind: 'snapshot';
      readonly meta: SnapshotMeta;
      readonly data: Uint8Array;
      readonly upTo: Index;
      readonly done: () => void;
    };

/** How long a sync takes, and a slow read: one in ten. */
export interface DiskQuality {
  readonly syncMsMin: number;
  readonly syncMsMax: number;
  readonly readMsMax: number;
}

/**
 * A member's disk, in two layers: `view` is what reads see, `synced` what survives a crash. One group of operations is
 * synced at a time, in order, the next gathering meanwhile. At a crash the group under way is on disk up to anywhere within it,
 * what came after it is lost, and staged snapshot parts are lost too, for nobody promised them.
 */
export class SimDisk {
  quality: DiskQuality;
  readonly synced: Image = emptyImage();
  view: Image = emptyImage();
  /** Entries that are there and cannot be read. */
  readonly rotten: Set<Index> = new Set();
  isFull = false;
  /** The next sync fails, and only that one. */
  isNextSyncFailing = false;
  stalledUntilMs = 0;
  onFailure: ((from: WriteNumber, isFatal: boolean) => void) | undefined;
  #queue: Operation[] = [];
  #group: Operation[] = [];
  readonly #askedAtMs = new WeakMap<Operation, number>();
  #hasFailed = false;
  /** A sync has failed: from then on it says that it synced, and loses everything (Rebello et al., ATC 2020). */
  #isLying = false;
  /** Grows at each crash: what was scheduled before belongs to another life. */
  #life = 0;
  readonly #events: EventQueue;
  readonly #random: SeededRandom;

  constructor(quality: DiskQuality, components: { readonly events: EventQueue; readonly random: SeededRandom }) {
    this.quality = quality;
    this.#events = components.events;
    this.#random = components.random;
  }

  /** How long ago the oldest of the core's writes under way was asked for; 0 when there is none. */
  get waitedMs(): number {
    const oldest = [...this.#group, ...this.#queue].find((operation) => operation.kind !== 'snapshot');
    return oldest === undefined ? 0 : this.#events.nowMs - this.#askedAtMs.get(oldest)!;
  }

  get isSyncing(): boolean {
    return this.#group.length > 0;
  }

  /** Writes the first entry of a new cluster, before anything runs. */
  bootstrap(entry: Entry): void {
    this.synced.entries.push(entry);
    this.synced.hardState = { term: entry.term, vote: null, commit: 0 };
    this.view = cloneImage(this.synced);
  }

  /** What a core starts on. */
  load(): StoredState {
    const { hardState, snapshot, start, entries } = this.view;
    const terms: { first: Index; term: number }[] = [];
    const configurations: { index: Index; configuration: Configuration }[] = [];
    for (const entry of entries) {
      if (terms.at(-1)?.term !== entry.term) terms.push({ first: entry.index, term: entry.term });
      if (entry.type === 'configuration') {
        configurations.push({ index: entry.index, configuration: decodeConfiguration(entry.data) });
      }
    }
    return {
      hardState,
      snapshot: snapshot?.meta ?? null,
      start: { ...start },
      lastIndex: start.index + entries.length,
      terms,
      configurations,
      unreadable: [...this.rotten].sort((one, other) => one - other),
    };
  }

  submit(operation: Operation): void {
    // Rot is in the medium: only what is really written cures it.
    applyTo(this.view, operation, new Set());
    this.#askedAtMs.set(operation, this.#events.nowMs);
    this.#queue.push(operation);
    this.#maybeSync();
  }

  /** The entry at `index` as reads see it, rotten or not; undefined where there is none. */
  entryAt(index: Index): Entry | undefined {
    return this.view.entries[index - this.view.start.index - 1];
  }

  read(first: Index, last: Index, bytesMax: number): { entries: Entry[]; unreadable: Index[] } {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = first; index <= last; index++) {
      if (this.rotten.has(index)) return { entries, unreadable: entries.length > 0 ? [] : [index] };
      const entry = this.entryAt(index);
      if (entry === undefined) break;
      bytes += entry.data.byteLength;
      if (entries.length > 0 && bytes > bytesMax) break;
      entries.push(entry);
    }
    return { entries, unreadable: [] };
  }

  readSnapshot(id: string, offset: number, bytesMax: number): { data: Uint8Array | null; isLast: boolean } {
    const { snapshot } = this.view;
    if (snapshot === null || snapshot.meta.id !== id) return { data: null, isLast: false };
    const data = snapshot.data.subarray(offset, offset + bytesMax);
    return { data, isLast: offset + data.byteLength >= snapshot.data.byteLength };
  }

  /** Whether this entry would survive a crash at this very moment. */
  holdsDurably(index: Index, term: number): boolean {
    const { start, entries } = this.synced;
    return index <= start.index || entries[index - start.index - 1]?.term === term;
  }

  /** The power goes. Returns what was lost of the group under way: nothing, a part, or all; null when there was none. */
  crash(): 'nothing' | 'part' | 'all' | null {
    this.#life += 1;
    const steps = this.#isLying ? [] : this.#group.flatMap(stepsOf);
    const reached = steps.length === 0 ? 0 : this.#random.below(steps.length + 1);
    for (const step of steps.slice(0, reached)) step(this.synced, this.rotten);
    this.synced.staged = null;
    this.#group = [];
    this.#queue = [];
    this.#hasFailed = false;
    this.#isLying = false;
    this.view = cloneImage(this.synced);
    for (const index of this.rotten)
      if (index > this.#lastSynced || index <= this.synced.start.index) this.rotten.delete(index);
    if (steps.length === 0) return null;
    return reached === 0 ? 'all' : reached === steps.length ? 'nothing' : 'part';
  }

  /** The failure has been taken note of; whatever was asked for after the write that failed is void. */
  acknowledgeFailure(): void {
    this.#queue = [];
    this.#hasFailed = false;
    this.view = cloneImage(this.synced);
  }

  get lastIndex(): Index {
    return this.view.start.index + this.view.entries.length;
  }

  get #lastSynced(): Index {
    return this.synced.start.index + this.synced.entries.length;
  }

  #maybeSync(): void {
    if (this.#group.length > 0 || this.#queue.length === 0 || this.#hasFailed) return;
    this.#group = this.#queue;
    this.#queue = [];
    const { syncMsMin, syncMsMax } = this.quality;
    const syncMs = syncMsMin + (syncMsMax - syncMsMin) * (this.#random.uint32() / 2 ** 32);
    const life = this.#life;
    this.#events.after(syncMs, () => this.#finishWhenUnstalled(life));
  }

  #finishWhenUnstalled(life: number): void {
    if (life !== this.#life) return;
    const waitMs = this.stalledUntilMs - this.#events.nowMs;
    if (waitMs === Number.POSITIVE_INFINITY) return;
    if (waitMs > 0) this.#events.after(waitMs, () => this.#finishWhenUnstalled(life));
    else this.#finish();
  }

  #finish(): void {
    const group = this.#group;
    this.#group = [];
    const failing = this.#failingAt(group);
    if (!this.#isLying) for (const operation of group.slice(0, failing)) applyTo(this.synced, operation, this.rotten);
    const failed = group[failing];
    if (failed !== undefined) this.#hasFailed = true;
    const life = this.#life;
    for (const operation of group.slice(0, failing)) {
      operation.done();
      // A crash may come between two completions: the rest of them is never heard of.
      if (life !== this.#life) return;
    }
    if (failed === undefined) {
      this.#maybeSync();
      return;
    }
    if (failed.kind === 'snapshot') throw new Error('snapshots of its own always find room');
    const isFatal = this.isNextSyncFailing;
    this.isNextSyncFailing = false;
    if (failed.kind === 'stage') {
      this.#isLying = isFatal;
    } else if (isFatal) {
      this.#isLying = true;
      // Nobody knows what of it is on disk.
      for (const step of stepsOf(failed)) {
        if (!this.#random.chance(0.5)) break;
        step(this.synced, this.rotten);
      }
    } else if (this.#random.chance(0.5)) {
      const { effect } = failed;
      if (effect.hardState !== undefined) this.synced.hardState = effect.hardState;
      if (effect.truncateFrom !== undefined) truncate(this.synced, effect.truncateFrom, this.rotten);
    }
    this.onFailure?.(failed.kind === 'stage' ? failed.write : failed.effect.write, isFatal);
  }

  /** The place of the first operation that cannot be done; past the end when all can. */
  #failingAt(group: readonly Operation[]): number {
    const isBigWrite = (operation: Operation): boolean => {
      if (operation.kind === 'snapshot') return false;
      if (operation.kind === 'stage' || this.isNextSyncFailing) return true;
      return operation.effect.entries.length > 0 || operation.effect.repairs.length > 0;
    };
    if (!this.isFull && !this.isNextSyncFailing) return group.length;
    const at = group.findIndex(isBigWrite);
    return at < 0 ? group.length : at;
  }
}

function emptyImage(): Image {
  return {
    hardState: { term: 0, vote: null, commit: 0 },
    snapshot: null,
    start: { index: 0, term: 0 },
    entries: [],
    staged: null,
  };
}

function cloneImage(image: Image): Image {
  const staged = image.staged === null ? null : { id: image.staged.id, chunks: image.staged.chunks.slice() };
  return { ...image, start: { ...image.start }, entries: image.entries.slice(), staged };
}

function truncate(image: Image, from: Index, rotten: Set<Index>): void {
  const keep = from - image.start.index - 1;
  if (keep >= image.entries.length) return;
  image.entries.length = Math.max(0, keep);
  for (const index of rotten) if (index >= from) rotten.delete(index);
}

function compact(image: Image, upTo: Index, term: number, rotten: Set<Index>): void {
  if (upTo <= image.start.index) return;
  image.entries = image.entries.slice(upTo - image.start.index);
  image.start = { index: upTo, term };
  for (const index of rotten) if (index <= upTo) rotten.delete(index);
}

type Step = (image: Image, rotten: Set<Index>) => void;

/** An operation as the steps between which the power can go. */
function stepsOf(operation: Operation): Step[] {
  if (operation.kind !== 'persist') return [(image, rotten) => applyTo(image, operation, rotten)];
  const { effect } = operation;
  const steps: Step[] = [];
  const { hardState, install, truncateFrom } = effect;
  if (hardState !== undefined) {
    steps.push((image) => {
      image.hardState = hardState;
    });
  }
  if (truncateFrom !== undefined) steps.push((image, rotten) => truncate(image, truncateFrom, rotten));
  if (install !== undefined) steps.push((image, rotten) => installInto(image, install, rotten));
  for (const entry of effect.entries) {
    steps.push((image, rotten) => {
      if (entry.index !== image.start.index + image.entries.length + 1) {
        throw new Error(`the disk was given entry ${entry.index} after ${image.start.index + image.entries.length}`);
      }
      image.entries.push(entry);
      rotten.delete(entry.index);
    });
  }
  for (const entry of effect.repairs) {
    steps.push((image, rotten) => {
      const at = entry.index - image.start.index - 1;
      if (image.entries[at]?.term !== entry.term) return;
      image.entries[at] = entry;
      rotten.delete(entry.index);
    });
  }
  return steps;
}

function installInto(image: Image, meta: SnapshotMeta, rotten: Set<Index>): void {
  const { staged } = image;
  if (staged?.id !== meta.id) throw new Error(`snapshot ${meta.id} was to be installed, ${staged?.id} is staged`);
  image.staged = null;
  // One of its own may have overtaken it: what that holds is not given up again. At the same index, the later stays.
  if ((image.snapshot?.meta.index ?? 0) <= meta.index) image.snapshot = { meta, data: Buffer.concat(staged.chunks) };
  compact(image, meta.index, meta.term, rotten);
}

function applyTo(image: Image, operation: Operation, rotten: Set<Index>): void {
  if (operation.kind === 'persist') {
    for (const step of stepsOf(operation)) step(image, rotten);
  } else if (operation.kind === 'stage') {
    if (operation.offset === 0) image.staged = { id: operation.meta.id, chunks: [] };
    image.staged?.chunks.push(operation.data);
  } else {
    if (image.snapshot !== null && image.snapshot.meta.index > operation.meta.index) return;
    const kept = image.entries[operation.upTo - image.start.index - 1];
    image.snapshot = { meta: operation.meta, data: operation.data };
    if (kept !== undefined) compact(image, operation.upTo, kept.term, rotten);
  }
}
