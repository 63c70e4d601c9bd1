import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Lock, LockedError } from '../../src/index.js';
import { nodeFiles } from '../../src/node/index.js';

let directory: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'commitlog-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await rm(directory, { recursive: true });
});

type Command = 'take' | 'release' | 'starve' | 'starve wholly' | 'feed';

/** Another process, which may have 256 descriptors, and what it answers to each command. */
async function startOwner(): Promise<{ child: ChildProcess; tell(command: Command): Promise<string> }> {
  const script = fileURLToPath(new URL('./lock-owner.ts', import.meta.url));
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', script, directory];
  const limited = ['-c', 'ulimit -n 256 && exec "$0" "$@"', process.execPath, ...args];
  const child = spawn('sh', limited, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  return {
    child,
    async tell(command) {
      child.stdin.write(`${command}\n`);
      return String((await lines.next()).value);
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** The file that says who has the lock. */
async function lockFile(): Promise<string> {
  const names = (await readdir(directory)).filter((name) => /^LOCK-\d+$/.test(name));
  return join(directory, names.sort().at(-1)!);
}

interface Holder {
  boot: string;
  pid: number;
  started: string;
}

/** Changes what the lock file says of its holder. */
async function editHolder(edit: (holder: Holder) => Holder): Promise<void> {
  const path = await lockFile();
  await writeFile(path, `${JSON.stringify(edit(JSON.parse(await readFile(path, 'utf8')) as Holder))}\n`);
}

/** How each of some attempts ended, none with anything but a lock or a refusal. */
async function settle(attempts: readonly Promise<Lock>[]): Promise<{ locks: Lock[]; refusals: LockedError[] }> {
  const locks: Lock[] = [];
  const refusals: LockedError[] = [];
  for (const attempt of await Promise.allSettled(attempts)) {
    if (attempt.status === 'fulfilled') locks.push(attempt.value);
    else if (attempt.reason instanceof LockedError) refusals.push(attempt.reason);
    else throw attempt.reason;
  }
  return { locks, refusals };
}

describe('given an owner in this process', () => {
  test('a second one is refused and told which process has it, until the first lets go', async () => {
    const lock = await nodeFiles.lock(directory);
    await expect(nodeFiles.lock(directory)).rejects.toMatchObject({ directory, holder: `process ${process.pid}` });
    await lock.release();
    const next = await nodeFiles.lock(directory);
    await lock.release();
    await expect(nodeFiles.lock(directory)).rejects.toThrow(LockedError);
    await next.release();
  });

  test('taking and letting go a hundred times leaves one small file', async () => {
    for (let count = 0; count < 100; count++) await (await nodeFiles.lock(directory)).release();
    expect(await readdir(directory)).toEqual(['LOCK-100']);
  });
});

describe('given an owner in another process', () => {
  test('it is refused while the first is alive, and may take over once that was killed', async () => {
    const owner = await startOwner();
    expect(await owner.tell('take')).toBe('taken');
    await expect(nodeFiles.lock(directory)).rejects.toMatchObject({ holder: `process ${owner.child.pid}` });
    await kill(owner.child);
    await (await nodeFiles.lock(directory)).release();
  });

  test('it may take over what was released, and the first is refused then', async () => {
    const owner = await startOwner();
    expect(await owner.tell('take')).toBe('taken');
    expect(await owner.tell('release')).toBe('released');
    const lock = await nodeFiles.lock(directory);
    expect(await owner.tell('take')).toContain(`process ${process.pid}`);
    await lock.release();
    expect(await owner.tell('take')).toBe('taken');
  });

  test('a process that died and was not yet buried by its parent holds nothing', async () => {
    // `sh` starts the owner, kills it and never waits for it: the owner stays behind as a zombie.
    const script = fileURLToPath(new URL('./lock-owner.ts', import.meta.url));
    const command = `echo take | (cat; sleep 600) | "$0" --conditions=@commitlog/source --import tsx "$1" "$2" & exec sleep 600`;
    const parent = spawn('sh', ['-c', command, process.execPath, script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    try {
      for await (const line of createInterface({ input: parent.stdout })) if (line === 'taken') break;
      const { pid } = JSON.parse(await readFile(await lockFile(), 'utf8')) as Holder;
      process.kill(pid, 'SIGKILL');
      await until(async () => / Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8')));
      await (await nodeFiles.lock(directory)).release();
    } finally {
      process.kill(-parent.pid!, 'SIGKILL');
      await once(parent, 'exit');
    }
  });
});

// The lock stayed held by a process that had let go of it, or had never got it, for as long as that process lived.
describe('given a process without descriptors', () => {
  test('it lets go of its lock', async () => {
    const owner = await startOwner();
    expect(await owner.tell('take')).toBe('taken');
    expect(await owner.tell('starve wholly')).toBe('starved');
    expect(await owner.tell('release')).toBe('released');
    await (await nodeFiles.lock(directory)).release();
  });

  test('it does not keep a lock that it could not take, and takes it once it has some', async () => {
    const owner = await startOwner();
    // The one that is left is the lock's file's: there is none to see who else has taken it.
    expect(await owner.tell('starve')).toBe('starved');
    expect(await owner.tell('take')).toContain('EMFILE');
    await (await nodeFiles.lock(directory)).release();
    expect(await owner.tell('feed')).toBe('fed');
    expect(await owner.tell('take')).toBe('taken');
  });
});

test('a lock is let go of twice at once, and again', async () => {
  const lock = await nodeFiles.lock(directory);
  await Promise.all([lock.release(), lock.release()]);
  await lock.release();
  expect(await readFile(await lockFile(), 'utf8')).toBe('released\n');
});

describe('given a holder that is gone', () => {
  test('a process that was given its id since does not hold the lock', async () => {
    await nodeFiles.lock(directory);
    await editHolder((holder) => ({ ...holder, started: `${Number(holder.started) - 1}` }));
    await (await nodeFiles.lock(directory)).release();
  });

  test('a lock from before the machine was started again is void', async () => {
    await nodeFiles.lock(directory);
    await editHolder((holder) => ({ ...holder, boot: '00000000-0000-4000-8000-000000000000' }));
    await (await nodeFiles.lock(directory)).release();
  });

  test('twenty contenders at once: one takes over, the others are refused', async () => {
    for (let round = 0; round < 10; round++) {
      const { locks, refusals } = await settle(Array.from({ length: 20 }, () => nodeFiles.lock(directory)));
      expect(locks.length).toBe(1);
      expect(refusals.length).toBe(19);
      // The winner's file must be whole: contenders that shared a draft used to truncate it under each other.
      await expect(nodeFiles.lock(directory)).rejects.toMatchObject({ holder: `process ${process.pid}` });
      await editHolder((holder) => ({ ...holder, started: '1' }));
    }
    expect((await readdir(directory)).length).toBe(1);
  });

  test('contending processes at once: one takes over, the others are refused', async () => {
    const owners = await Promise.all(Array.from({ length: 6 }, startOwner));
    await nodeFiles.lock(directory);
    await editHolder((holder) => ({ ...holder, started: '1' }));
    const answers = await Promise.all(owners.map((owner) => owner.tell('take')));
    expect(answers.filter((answer) => answer === 'taken').length).toBe(1);
    expect(answers.filter((answer) => answer.startsWith('LockedError:')).length).toBe(5);
  });

  test('owners that come and go never overlap', async () => {
    let ownerCount = 0;
    let takenCount = 0;
    const comeAndGo = async (): Promise<void> => {
      for (let attempt = 0; attempt < 50; attempt++) {
        const { locks } = await settle([nodeFiles.lock(directory)]);
        for (const lock of locks) {
          takenCount++;
          expect(++ownerCount).toBe(1);
          await readdir(directory);
          ownerCount--;
          await lock.release();
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, comeAndGo));
    expect(takenCount).toBeGreaterThan(0);
    expect(await readdir(directory)).toEqual([expect.stringMatching(/^LOCK-\d+$/)]);
  });
});

describe('given a damaged lock file', () => {
  test.each(['', '\0\0\0\0', '{"boot":', 'null', '{"boot":1,"pid":2,"started":"3"}', 'release'])(
    'that says %j, it refuses, names the file and changes nothing',
    async (content) => {
      const path = join(directory, 'LOCK-3');
      await writeFile(path, content);
      await expect(nodeFiles.lock(directory)).rejects.toThrow(`${path} is damaged`);
      expect(await readFile(path, 'utf8')).toBe(content);
      await rm(path);
      await (await nodeFiles.lock(directory)).release();
    },
  );
});

test('drafts that a killed process left are swept up by the next owner; other files are not', async () => {
  await writeFile(join(directory, 'LOCK-1.4711-1.new'), 'half a dra');
  await writeFile(join(directory, 'LOCKED'), '');
  await writeFile(join(directory, 'LOCK-1.txt'), '');
  await (await nodeFiles.lock(directory)).release();
  expect(await readdir(directory)).toEqual(['LOCK-1', 'LOCK-1.txt', 'LOCKED']);
});

// More arguments than a call takes: the directory could not be locked.
test('a directory of 200,000 strangers is locked like any other', async () => {
  const strangers = Array.from({ length: 200_000 }, (_, at) => `stranger-${at}`);
  // To make so many files takes ten seconds.
  const list = fs.readdir as (path: string) => Promise<string[]>;
  const listing = vi
    .spyOn(fs, 'readdir')
    .mockImplementation((async (path: string) => [...strangers, ...(await list(path))]) as never);
  syncBuiltinESMExports();
  try {
    await (await nodeFiles.lock(directory)).release();
    expect(listing).toHaveBeenCalled();
  } finally {
    listing.mockRestore();
    syncBuiltinESMExports();
  }
});

test('a directory that is missing is no locked one', async () => {
  await expect(nodeFiles.lock(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

/** Waits for a condition, at most as long as a test may last. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((next) => setImmediate(next));
}
