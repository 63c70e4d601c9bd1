import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { hasErrorCode, type Lock, LockedError } from '../files.js';

/*
 * Node has no flock(2), so the lock is a file that names its holder: boot, process id, and the time that process started.
 * A process that died, however it died, holds nothing any more, and a process id that was given out again is told apart
 * by the start time.
 *
 * The file is called LOCK-<generation>, and the highest generation counts. Taking over means making the next
 * generation with link(2), which only one of several contenders can do, and the generation never goes down (a release
 * marks the file and leaves it), so a contender that looked long ago cannot bring an old generation back to life.
 *
 * What it does not see: a holder on another machine (a network file system), or in another container, whose process ids
 * are not visible from here. It keeps two processes of one machine apart, no more.
 */

interface Holder {
  readonly boot: string;
  readonly pid: number;
  /** In clock ticks since boot, as /proc has it. */
  readonly started: string;
}

const released = 'released\n';
const tookItJustNow = 'another owner that took it just now';

/** See {@link Files.lock}. */
export async function lockDirectory(directory: string): Promise<Lock> {
  const wanted = resolve(directory);
  const newest = await newestGeneration(wanted);
  if (newest > 0) await refuseIfHeld(wanted, newest);
  const generation = newest + 1;
  const path = lockPath(wanted, generation);
  const self: Holder = { boot: await bootId(), pid: process.pid, started: (await startOf(process.pid)) ?? '' };
  const draft = `${path}.${randomUUID()}.new`;
  const file = await open(draft, 'wx');
  try {
    // Synced before it gets its real name, so that a power cut never leaves a lock that nobody can read.
    await file.writeFile(`${JSON.stringify(self)}\n`);
    await file.datasync();
    await link(draft, path);
  } catch (error) {
    await file.close().catch(() => {});
    // Either somebody was quicker, or somebody who was has swept up our draft.
    if (hasErrorCode(error, 'EEXIST', 'ENOENT')) throw new LockedError(wanted, tookItJustNow);
    throw error;
  } finally {
    await sweep(draft);
  }
  const lock = new HeldLock(file);
  try {
    // Otherwise we looked while somebody else was between two generations.
    if ((await newestGeneration(wanted)) === generation) {
      await sweepOlder(wanted, generation);
      return lock;
    }
    await sweep(path);
    throw new LockedError(wanted, tookItJustNow);
  } catch (error) {
    // It is ours already, and nobody will hold it. What the caller must see is the first error.
    await lock.release().catch(() => {});
    throw error;
  }
}

/**
 * The lock's file stays open as long as the lock is held: a process that runs out of descriptors, or whose directory is moved, can still
 * let go. Written in place, so that it can on a full disk, too.
 */
class HeldLock implements Lock {
  /** A handle that nothing refers to is closed by Node, with a warning, and an owner may forget its lock. */
  static readonly #open = new Set<FileHandle>();
  readonly #file: FileHandle;
  #releasing: Promise<void> | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
    HeldLock.#open.add(file);
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release().catch((error: unknown) => {
      // It may be tried again.
      this.#releasing = undefined;
      throw error;
    });
    return this.#releasing;
  }

  async #release(): Promise<void> {
    await this.#file.write(released, 0);
    await this.#file.truncate(released.length);
    await this.#file.datasync();
    HeldLock.#open.delete(this.#file);
    // The lock is free, whatever becomes of the descriptor.
    await this.#file.close().catch(() => {});
  }
}

const lockName = /^LOCK-(\d{1,15})$/;
const draftName = /^LOCK-(\d{1,15})\..*\.new$/;
const lockPath = (directory: string, generation: number): string => join(directory, `LOCK-${generation}`);

async function newestGeneration(directory: string): Promise<number> {
  let newest = 0;
  for (const name of await readdir(directory)) newest = Math.max(newest, generationOf(name, lockName) ?? 0);
  return newest;
}

function generationOf(name: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Older locks; and drafts, which a process that was killed could not remove, and a living one can do without: it has lost. */
async function sweepOlder(directory: string, generation: number): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const isOlderLock = (generationOf(name, lockName) ?? generation) < generation;
    const isOldDraft = (generationOf(name, draftName) ?? generation + 1) <= generation;
    if (isOlderLock || isOldDraft) await sweep(join(directory, name));
  }
}

/** Removes a name that means nothing any more. Others remove the same ones, and one that stays is swept up by the next owner. */
async function sweep(path: string): Promise<void> {
  await unlink(path).catch(() => {});
}

async function refuseIfHeld(directory: string, generation: number): Promise<void> {
  const path = lockPath(directory, generation);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) throw new LockedError(directory, tookItJustNow);
    throw error;
  }
  // What it was written over may still stand behind.
  if (text.startsWith(released)) return;
  const holder = parseHolder(text);
  if (holder === undefined) {
    throw new LockedError(
      directory,
      `an unknown process (${path} is damaged; if nothing uses the directory, remove that file)`,
    );
  }
  if (await isAlive(holder)) throw new LockedError(directory, `process ${holder.pid}`);
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { boot, pid, started } = JSON.parse(text) as Record<string, unknown>;
    const isHolder = typeof boot === 'string' && typeof started === 'string' && Number.isInteger(pid);
    return isHolder ? { boot, pid: pid as number, started } : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  const boot = await bootId();
  if (holder.boot !== boot) return false;
  const started = await startOf(holder.pid);
  return started === undefined ? answersSignals(holder.pid) : started === holder.started;
}

/**
 * For where /proc does not show the process: there is none, or it hides other users' processes. A recycled process id cannot
 * be told from the holder then, and the lock errs towards "held".
 */
function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrorCode(error, 'EPERM');
  }
}

/** A name for this boot of the machine; empty where the system has none. */
async function bootId(): Promise<string> {
  return (await readFileIfThere('/proc/sys/kernel/random/boot_id')).trim();
}

/** When a process started; empty for one that is dead and not yet buried by its parent, undefined for one that /proc does not show. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFileIfThere(`/proc/${pid}/stat`);
  if (stat === '') return undefined;
  // The second field is the program's name in brackets, and may itself hold spaces and brackets (proc(5)).
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const isDead = state === 'Z' || state === 'X';
  return isDead ? '' : (rest[18] ?? '');
}

async function readFileIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ESRCH')) return '';
    throw error;
  }
}
