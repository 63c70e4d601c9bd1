import fs from 'node:fs';
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Files, OpenFile, OpenMode } from '../files.js';
import { lockDirectory } from './lock.js';

/** The file system of this machine. */
export const nodeFiles: Files = {
  open: async (path, mode) => new NodeFile(await openDescriptor(path, flags[mode])),
  list: async (directory) => (await readdir(directory)).sort(),
  makeDirectory,
  rename,
  remove: unlink,
  syncDirectory,
  lock: lockDirectory,
};

const flags: Record<OpenMode, string> = { read: 'r', write: 'r+', create: 'wx+' };

const openDescriptor = promisify(fs.open) as (path: string, flags: string) => Promise<number>;
const readDescriptor = promisify(fs.read) as (
  descriptor: number,
  options: { buffer: Uint8Array; offset: number; position: number },
) => Promise<{ bytesRead: number }>;
const statDescriptor = promisify(fs.fstat) as (descriptor: number) => Promise<fs.Stats>;
const resizeDescriptor = promisify(fs.ftruncate);
const syncDescriptor = promisify(fs.fdatasync);
const closeDescriptor = promisify(fs.close);

/** A bare descriptor: on the path of every append, a `FileHandle` costs a third more. */
class NodeFile implements OpenFile {
  readonly #descriptor: number;
  #isClosed = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async size(): Promise<number> {
    return (await statDescriptor(this.#descriptor)).size;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const request = { buffer: into, offset: filled, position: position + filled };
      const { bytesRead } = await readDescriptor(this.#descriptor, request);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    let rest = buffers;
    for (let at = position; ; ) {
      const written = fs.writevSync(this.#descriptor, rest, at);
      rest = withoutFirst(rest, written);
      if (rest.length === 0) return;
      // A short write has met a limit: the next one names it.
      at += written;
    }
  }

  resize(bytes: number): Promise<void> {
    return resizeDescriptor(this.#descriptor, bytes);
  }

  sync(): Promise<void> {
    return syncDescriptor(this.#descriptor);
  }

  async close(): Promise<void> {
    // Closing a descriptor twice would close whatever file was given its number in between.
    if (this.#isClosed) return;
    this.#isClosed = true;
    await closeDescriptor(this.#descriptor);
  }
}

function withoutFirst(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = 0;
  for (const [at, buffer] of buffers.entries()) {
    if (skipped + buffer.length > bytes) return [buffer.subarray(bytes - skipped), ...buffers.slice(at + 1)];
    skipped += buffer.length;
  }
  return [];
}

async function makeDirectory(directory: string): Promise<void> {
  const wanted = resolve(directory);
  const firstMade = await mkdir(wanted, { recursive: true });
  if (firstMade === undefined) return;
  // Every new name is an entry of the directory above it.
  for (let made = wanted; ; made = dirname(made)) {
    await syncDirectory(dirname(made));
    if (made === firstMade) return;
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
