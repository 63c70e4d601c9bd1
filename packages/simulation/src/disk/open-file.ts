import type { OpenFile } from '@commitlog/runtime';
import type { FileInode } from './file-inode.js';
import type { Gate } from './gate.js';
import type { DiskLimits } from './limits.js';
import type { OperationMethod, OperationSubject } from './operation.js';
import { PosixError } from './posix-error.js';
import type { Volume } from './volume.js';

/** What an open file needs of the disk it is on. */
export interface OpenFileComponents {
  readonly volume: Volume;
  readonly gate: Gate;
  readonly limits: DiskLimits;
}

/** A handle: it leads to the file whatever becomes of the file's name. */
export class SimulatedOpenFile implements OpenFile {
  readonly #inode: number;
  readonly #path: string;
  readonly #isWritable: boolean;
  readonly #volume: Volume;
  readonly #gate: Gate;
  readonly #limits: DiskLimits;
  #isClosed = false;

  constructor(inode: number, path: string, isWritable: boolean, { volume, gate, limits }: OpenFileComponents) {
    this.#inode = inode;
    this.#path = path;
    this.#isWritable = isWritable;
    this.#volume = volume;
    this.#gate = gate;
    this.#limits = limits;
    volume.opened(inode);
  }

  async size(): Promise<number> {
    this.#pass('size');
    return this.#file('size').length;
  }

  async permissions(): Promise<number> {
    this.#pass('permissions');
    return this.#file('permissions').permissions;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#pass('read', { position, bytes: into.length });
    this.#refuseUnlessByteCount('read', position);
    return this.#file('read').read(into, position);
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    const { bytes, seams } = joined(buffers);
    this.#refuseIfClosed('write');
    const failure = this.#gate.pass('write', this.#path, { position, bytes: bytes.length });
    this.#refuseUnlessByteCount('write', position);
    this.#refuseUnlessWritable('write', 'EBADF');
    const fitting = Math.min(bytes.length, this.#room(position));
    const count = failure === undefined ? fitting : Math.min(fitting, failure.writtenBytes ?? 0);
    if (count > 0) {
      const written = count === bytes.length ? bytes : bytes.subarray(0, count);
      this.#volume.changeBytes(this.#inode, { kind: 'write', position, bytes: written, seams }, this.#path);
    }
    if (failure !== undefined) throw new PosixError(failure.code, 'write', this.#path);
    if (count < bytes.length) throw new PosixError('ENOSPC', 'write', this.#path);
  }

  async resize(bytes: number): Promise<void> {
    this.#pass('resize', { bytes });
    this.#refuseUnlessByteCount('resize', bytes);
    this.#refuseUnlessWritable('resize', 'EINVAL');
    if (bytes === this.#file('resize').length) return;
    this.#volume.changeBytes(this.#inode, { kind: 'resize', length: bytes }, this.#path);
  }

  async sync(): Promise<void> {
    this.#refuseIfClosed('sync');
    const failure = this.#gate.pass('sync', this.#path);
    // What is written while a sync waits for the disk is the next one's to make durable.
    const { changeCount } = this.#file('sync');
    if (this.#gate.isStalled) await this.#gate.stallEnd();
    if (failure !== undefined) {
      this.#volume.abandonBytes(this.#inode, this.#path);
      throw new PosixError(failure.code, 'sync', this.#path);
    }
    this.#volume.settleBytes(this.#inode, changeCount, this.#path);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#pass('close');
    this.#isClosed = true;
    this.#volume.closed(this.#inode);
  }

  /** How many bytes the disk still takes when they are written from `position` on. */
  #room(position: number): number {
    return this.#file('write').length - position + this.#limits.capacityBytes - this.#volume.usedBytes;
  }

  #file(method: OperationMethod): FileInode {
    return this.#volume.file(this.#inode, method, this.#path);
  }

  #pass(method: OperationMethod, subject?: OperationSubject): void {
    this.#refuseIfClosed(method);
    const failure = this.#gate.pass(method, this.#path, subject);
    if (failure !== undefined) throw new PosixError(failure.code, method, this.#path);
  }

  #refuseIfClosed(method: OperationMethod): void {
    if (this.#isClosed) throw new PosixError('EBADF', method, this.#path);
  }

  #refuseUnlessByteCount(method: OperationMethod, count: number): void {
    if (!Number.isSafeInteger(count) || count < 0) throw new PosixError('EINVAL', method, this.#path);
  }

  #refuseUnlessWritable(method: OperationMethod, code: string): void {
    if (!this.#isWritable) throw new PosixError(code, method, this.#path);
    if (this.#limits.isReadOnly) throw new PosixError('EROFS', method, this.#path);
  }
}

/** A copy of the buffers in one piece, and where inside it one ended and the next began. */
function joined(buffers: readonly Uint8Array[]): { bytes: Uint8Array; seams: number[] } {
  const bytes = new Uint8Array(buffers.reduce((sum, buffer) => sum + buffer.length, 0));
  const seams: number[] = [];
  let end = 0;
  for (const buffer of buffers) {
    if (end > 0) seams.push(end);
    bytes.set(buffer, end);
    end += buffer.length;
  }
  return { bytes, seams };
}
