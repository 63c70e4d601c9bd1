import fs from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Files, hasErrorCode, type OpenFile, type OpenMode } from '../files.js';
import { lockDirectory } from './lock.js';

/** The file system of this machine. */
export const nodeFiles: Files = {
  open: async (path, mode, permissions = 0o666) =>
    new NodeFile(path, await openDescriptor(path, flags[mode], permissions)),
  absolute: (path) => resolve(path),
  list: async (directory) => (await readdir(directory)).sort(),
  makeDirectory,
  rename,
  remove: unlink,
  syncDirectory,
  lock: lockDirectory,
};

const flags: Record<OpenMode, string> = { read: 'r', write: 'r+', create: 'wx+' };

const openDescriptor = promisify(fs.open) as (path: string, flags: string, permissions: number) => Promise<number>;
const readDescriptor = promisify(fs.read) as (
  descriptor: number,
  options: { buffer: Uint8Array; offset: number; position: number },
) => Promise<{ bytesRead: number }>;
const statDescriptor = promisify(fs.fstat) as (descriptor: number) => Promise<fs.Stats>;
const resizeDescriptor = promisify(fs.ftruncate);
const syncDescriptor = promisify(fs.fdatasync);
const closeDescriptor = promisify(fs.close);

/**
 * A bare descriptor: on the path of every append, a `FileHandle` costs a third more.
 *
 * The kernel gives a closed descriptor's number to the next file that is opened. So nothing may use the number once it is
 * closed, and it is closed only when no call that is under way still has it.
 */
class NodeFile implements OpenFile {
  readonly #path: string;
  readonly #descriptor: number;
  #callsUnderWay = 0;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  async size(): Promise<number> {
    const { size } = await this.#call('fstat', statDescriptor);
    return size;
  }

  async permissions(): Promise<number> {
    const { mode } = await this.#call('fstat', statDescriptor);
    return mode & 0o777;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#refuseUnlessByteCount('read', position);
    return this.#call('read', (descriptor) => fill(into, descriptor, position));
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    this.#refuseIfClosed('write');
    this.#refuseUnlessByteCount('write', position);
    let rest = gathered(buffers);
    for (let at = position; rest.length > 0; ) {
      const written = fs.writevSync(this.#descriptor, rest, at);
      rest = withoutFirst(rest, written);
      // A short write has met a limit: the next one names it.
      at += written;
    }
  }

  async resize(bytes: number): Promise<void> {
    this.#refuseUnlessByteCount('ftruncate', bytes);
    await this.#call('ftruncate', (descriptor) => resizeDescriptor(descriptor, bytes));
  }

  sync(): Promise<void> {
    return this.#call('fdatasync', syncDescriptor);
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeWhenIdle();
    return this.#closing;
  }

  async #closeWhenIdle(): Promise<void> {
    if (this.#callsUnderWay > 0) {
      await new Promise<void>((idle) => {
        this.#onIdle = idle;
      });
    }
    await closeDescriptor(this.#descriptor);
  }

  async #call<Result>(syscall: string, call: (descriptor: number) => Promise<Result>): Promise<Result> {
    this.#refuseIfClosed(syscall);
    this.#callsUnderWay++;
    try {
      return await call(this.#descriptor);
    } finally {
      this.#callsUnderWay--;
      if (this.#callsUnderWay === 0) this.#onIdle?.();
    }
  }

  #refuseIfClosed(syscall: string): void {
    if (this.#closing !== undefined) throw this.#error('EBADF', 'the file is closed', syscall);
  }

  /** Node takes a negative position for "where the last call ended", and others for 0. */
  #refuseUnlessByteCount(syscall: string, count: number): void {
    if (Number.isSafeInteger(count) && count >= 0) return;
    throw this.#error('EINVAL', `expected a number of bytes, got ${count}`, syscall);
  }

  #error(code: string, why: string, syscall: string): Error {
    return Object.assign(new Error(`${code}: ${why}, ${syscall} '${this.#path}'`), { code, syscall, path: this.#path });
  }
}

async function fill(into: Uint8Array, descriptor: number, position: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const request = { buffer: into, offset: filled, position: position + filled };
    const { bytesRead } = await readDescriptor(descriptor, request);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** What is left to write; nothing at all where only empty buffers are left, which Node refuses to write. */
function withoutFirst(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = 0;
  for (let at = 0; at < buffers.length; at += 1) {
    const buffer = buffers[at]!;
    if (skipped + buffer.length > bytes) return [buffer.subarray(bytes - skipped), ...buffers.slice(at + 1)];
    skipped += buffer.length;
  }
  return [];
}

/** Where small buffers are put together; a write is synchronous, so one serves all files. */
const gatheringPlace = new Uint8Array(256 * 1024);

/** Many small buffers as one: to hand each to the kernel takes longer than to copy it. */
function gathered(buffers: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  for (let at = 0; at < buffers.length; at += 1) bytes += buffers[at]!.length;
  if (bytes === 0) return [];
  if (buffers.length < 3 || bytes > gatheringPlace.length) return buffers;
  let filled = 0;
  for (let at = 0; at < buffers.length; at += 1) {
    gatheringPlace.set(buffers[at]!, filled);
    filled += buffers[at]!.length;
  }
  return [gatheringPlace.subarray(0, bytes)];
}

/**
 * Every name on the way is synced even where all exist: whoever made them may have been killed before it could. The way ends
 * at the mount point, whose name is nobody's to make, or at a directory that we may not read, and so have made nothing in.
 */
async function makeDirectory(directory: string): Promise<void> {
  const wanted = resolve(directory);
  await mkdir(wanted, { recursive: true });
  const { dev: device } = await stat(wanted);
  for (let made = wanted; made !== dirname(made); made = dirname(made)) {
    if ((await stat(dirname(made))).dev !== device) return;
    try {
      await syncDirectory(dirname(made));
    } catch (error) {
      if (hasErrorCode(error, 'EACCES')) return;
      throw error;
    }
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
