import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
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
  await writeDurably(draft, `${JSON.stringify(self)}\n`);
  try {
    await link(draft, path);
  } catch (error) {
    // Either somebody was quicker, or somebody who was has swept up our draft.
    if (hasErrorCode(error, 'EEXIST', 'ENOENT')) throw new LockedError(wanted, tookItJustNow);
    throw error;
  } finally {
    await unlinkIfThere(draft);
  }
  if ((await newestGeneration(wanted)) > generation) {
    // We looked while somebody else was between two generations.
    await unlinkIfThere(path);
    throw new LockedError(wanted, tookItJustNow);
  }
  await removeOlder(wanted, generation);
  let isReleased = false;
  return {
    async release() {
      if (isReleased) return;
      isReleased = true;
      await writeDurably(draft, released);
      await rename(draft, path);
    },
  };
}

const lockName = /^LOCK-(\d{1,15})$/;
const draftName = /^LOCK-(\d{1,15})\..*\.new$/;
const lockPath = (directory: string, generation: number): string => join(directory, `LOCK-${generation}`);

async function newestGeneration(directory: string): Promise<number> {
  const names = await readdir(directory);
  return Math.max(0, ...names.map((name) => generationOf(name, lockName) ?? 0));
}

function generationOf(name: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Older locks; and drafts, which a process that was killed could not remove, and a living one can do without: it has lost. */
async function removeOlder(directory: string, generation: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const isOlderLock = (generationOf(name, lockName) ?? generation) < generation;
    const isOldDraft = (generationOf(name, draftName) ?? generation + 1) <= generation;
    if (isOlderLock || isOldDraft) await unlinkIfThere(join(directory, name));
  }
}

/** Whoever took an older generation while we took ours removes the same names. */
async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  });
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
  if (text === released) return;
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

/** Synced before it gets its real name, so that a power cut never leaves a lock that nobody can read. */
async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
