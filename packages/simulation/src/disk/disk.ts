import { type Files, type Random, randomBelow } from '@commitlog/runtime';
import { Content } from './content.js';
import { crashedImage, crashVariants } from './crash.js';
import type { Failure, InjectedFailure } from './failure.js';
import { type Fault, faults } from './fault.js';
import { SimulatedFiles } from './files.js';
import { Gate, type SyncStall } from './gate.js';
import { type DiskImage, emptyImage } from './image.js';
import type { DiskLimits } from './limits.js';
import type { Operation } from './operation.js';
import { absolute } from './path.js';
import { unsyncedOf } from './unsynced.js';
import { Volume } from './volume.js';

export interface SimulatedDiskInit {
  /** See {@link SimulatedDisk.capacityBytes}; unlimited by default. */
  readonly capacityBytes?: number;
}

/** A disk as a power cut may leave it. */
export interface CrashState {
  readonly fault: Fault;
  /** Which variant of the fault it is, in words. */
  readonly description: string;
  /** A disk of its own, with everything on it durable. */
  readonly disk: SimulatedDisk;
}

export interface CrashOptions {
  /** Draws the sample where there are too many variants to try them all, as the states are iterated. */
  readonly random: Random;
  /** Those to try; all by default. */
  readonly faults?: readonly Fault[];
  /** How many variants of each fault at most; 64 by default. */
  readonly variantsMax?: number;
}

/**
 * A disk that promises what POSIX promises and no more: bytes are durable once their file was synced, names once their
 * directory was. It can lose power at any operation, in every way that leaves those promises whole, run full, fail, stall
 * and decay.
 *
 * Deterministic: no clock, no randomness of its own, and every promise that it returns is settled already.
 */
export class SimulatedDisk {
  /** The disk as a program sees it. */
  readonly files: Files;
  readonly #volume: Volume;
  readonly #gate: Gate = new Gate();
  readonly #limits: DiskLimits;

  constructor({ capacityBytes = Number.POSITIVE_INFINITY }: SimulatedDiskInit = {}, image: DiskImage = emptyImage) {
    this.#volume = new Volume(image);
    this.#limits = { capacityBytes, isReadOnly: false };
    this.files = new SimulatedFiles(this.#volume, this.#gate, this.#limits);
  }

  /** How many operations there have been. */
  get operationCount(): number {
    return this.#gate.operationCount;
  }

  /** What the program is doing now, in the harness's words: every operation is reported with it. */
  get label(): string {
    return this.#gate.label;
  }

  set label(label: string) {
    this.#gate.label = label;
  }

  /**
   * Called with every operation before it takes effect. It may look at the disk, cut the power, inject a failure that this very
   * operation meets, or throw: the operation then has no effect and fails with that error.
   */
  get onOperation(): ((operation: Operation) => void) | undefined {
    return this.#gate.onOperation;
  }

  set onOperation(callback: ((operation: Operation) => void) | undefined) {
    this.#gate.onOperation = callback;
  }

  /** How many bytes all files together may have: a write beyond it writes what fits and fails with `ENOSPC`. */
  get capacityBytes(): number {
    return this.#limits.capacityBytes;
  }

  set capacityBytes(bytes: number) {
    this.#limits.capacityBytes = bytes;
  }

  /** The lengths of all files that have a name or are open. */
  get usedBytes(): number {
    return this.#volume.usedBytes;
  }

  /** Whether every change fails with `EROFS`. */
  get isReadOnly(): boolean {
    return this.#limits.isReadOnly;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#limits.isReadOnly = isReadOnly;
  }

  /** Lets coming operations fail. A sync that fails drops what it was to write: later ones succeed without it. */
  inject(failure: Failure): InjectedFailure {
    return this.#gate.inject(failure);
  }

  /** From now until the end of the stall no `sync` and no `syncDirectory` returns. */
  stallSyncs(): SyncStall {
    return this.#gate.stallSyncs();
  }

  /** From now on every operation fails with a `PowerCutError`: {@link crash} and {@link crashStates} show what is left. */
  cutPower(): void {
    this.#gate.cutPower();
  }

  /**
   * A second disk in the same state, unsynced changes included, but with nothing open or locked: what the next process finds
   * when the one before was killed. Costs nothing until one of the two is changed.
   */
  clone(): SimulatedDisk {
    return this.#startedFrom(this.image());
  }

  /** The present state, for any number of disks to start from: `new SimulatedDisk({}, image)`. */
  image(): DiskImage {
    return this.#volume.image();
  }

  /** This disk after a power cut now: one variant of the fault, or as `kept` leaves it where the fault has nothing to take. */
  crash(fault: Fault, random: Random, variantsMax = 64): SimulatedDisk {
    const image = this.image();
    const unsynced = unsyncedOf(image);
    const variants = crashVariants(unsynced, fault, variantsMax, random);
    if (variants.length === 0) return this.crash('kept', random);
    return this.#startedFrom(crashedImage(image, variants[randomBelow(random, variants.length)]!));
  }

  /** This disk after a power cut now, in all the ways of each fault, or a sample of them where they are many. */
  crashStates(options: CrashOptions): Iterable<CrashState> {
    return this.#crashStates(this.image(), options);
  }

  *#crashStates(
    image: DiskImage,
    { random, faults: chosen = faults, variantsMax = 64 }: CrashOptions,
  ): Generator<CrashState> {
    const unsynced = unsyncedOf(image);
    for (const fault of chosen) {
      for (const variant of crashVariants(unsynced, fault, variantsMax, random)) {
        const disk = this.#startedFrom(crashedImage(image, variant));
        yield { fault, description: variant.description, disk };
      }
    }
  }

  /** The absolute paths of all files, in order. */
  paths(): string[] {
    return this.#volume.paths();
  }

  /** What a reader would see in a file now, the caller's to keep. */
  bytesOf(path: string): Uint8Array {
    const inode = this.#volume.file(this.#volume.find(path, 'read'), 'read', path);
    const bytes = new Uint8Array(inode.length);
    inode.read(bytes, 0);
    return bytes;
  }

  /** Puts a file there as if it had always been: durable, with its name. Its directory must exist. */
  place(path: string, bytes: Uint8Array, permissions = 0o644): void {
    const content = new Content();
    content.write(bytes, 0);
    this.#volume.place(absolute(path), content, permissions);
  }

  /**
   * Inverts one bit of a file, on the medium and in the cache: decay that no sync undoes.
   *
   * @param bit 0 is the lowest bit of the first byte, 8 the lowest of the second
   */
  flipBit(path: string, bit: number): void {
    this.#volume.flip(absolute(path), Math.floor(bit / 8), 1 << (bit % 8));
  }

  #startedFrom(image: DiskImage): SimulatedDisk {
    return new SimulatedDisk({ capacityBytes: this.#limits.capacityBytes }, image);
  }
}
