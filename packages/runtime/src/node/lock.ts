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

/** See {@link Files.lock}. */
export async function lockDirectory(directory: string): Promise<Lock> {
  const wanted = resolve(directory);
  const newest = await newestGeneration(wanted);
  if (newest > 0) await refuseIfHeld(wanted, newest);
  const generation = newest + 1;
  const path = lockPath(wanted, generation);
  const self: Holder = { boot: await bootId(), pid: process.pid, started: await startOf(process.pid) };
  const draft = `${path}.${self.pid}-${self.started}.new`;
  await writeDurably(draft, `${JSON.stringify(self)}\n`);
  try {
    await link(draft, path);
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) throw new LockedError(wanted, 'another process that took it just now');
    throw error;
  } finally {
    await unlink(draft);
  }
  if ((await newestGeneration(wanted)) > generation) {
    // We looked while somebody else was between two generations.
    await unlink(path);
    throw new LockedError(wanted, 'another process that took it just now');
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
const lockPath = (directory: string, generation: number): string => join(directory, `LOCK-${generation}`);

async function generations(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => lockName.exec(name)?.[1] ?? []).map(Number);
}

async function newestGeneration(directory: string): Promise<number> {
  return Math.max(0, ...(await generations(directory)));
}

async function removeOlder(directory: string, generation: number): Promise<void> {
  for (const older of await generations(directory)) {
    if (older >= generation) continue;
    await unlink(lockPath(directory, older)).catch((error: unknown) => {
      // Whoever took an older generation while we took ours removes the same names.
      if (!hasErrorCode(error, 'ENOENT')) throw error;
    });
  }
}

async function refuseIfHeld(directory: string, generation: number): Promise<void> {
  const path = lockPath(directory, generation);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) throw new LockedError(directory, 'another process that took it just now');
    throw error;
  }
  if (text === released) return;
  const holder = parseHolder(text);
  if (holder === undefined) {
    throw new LockedError(
      directory,
      `nobody knows whom: ${path} is damaged. If no process uses the directory, remove that file`,
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
  if (holder.boot !== (await bootId())) return false;
  if (holder.boot === '') return answersSignals(holder.pid);
  return holder.started === (await startOf(holder.pid));
}

/** Where there is no /proc a recycled process id cannot be told from the holder: the lock then errs towards "held". */
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

/** When a running process started; empty for one that is gone, or dead and not yet buried by its parent. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFileIfThere(`/proc/${pid}/stat`);
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
