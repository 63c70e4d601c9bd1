import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commitlog, lastLine, packageDirectory, program, scratch, typed } from '../command-line.js';
import { isRunning, processesOf } from '../processes.js';
import { blockAfter, stable } from '../readme.js';

/** Three processes that start, on machines that are busy. */
const slow = 120_000;

it(
  'a file of any bytes comes back from a follower, the leader dies, nothing is lost or doubled, and nothing is left behind',
  async () => {
    const { dir, environment, temporary, leftBehind } = await scratch();
    const everyByte = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 31) % 256));
    const longLine = Buffer.alloc(1_300_000, 'a line that does not end ');
    await writeFile(join(dir, 'file'), Buffer.concat([everyByte, longLine, Buffer.from('\r\n\n語')]));
    const { status, out, err } = await commitlog(['-C', dir, 'demo', 'file', '--json'], environment);
    expect(err).toBe('');
    expect(status).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const { readyMs, records, writesPausedMs, ...outcome } = lastLine(out);
    expect(outcome).toEqual({ identical: true, leaderKilled: true, lost: 0, duplicated: 0 });
    expect(readyMs).toBeGreaterThan(0);
    expect(records).toBeGreaterThan(1000);
    expect(writesPausedMs).toBeGreaterThan(0);
    expect(await leftBehind()).toEqual([]);
    expect(await processesOf(temporary)).toEqual([]);
  },
  slow,
);

it(
  'with --keep, it prints what the README shows, and leaves a cluster that is well, and commands that reach it',
  async () => {
    const { environment, temporary } = await scratch();
    onTestFinished(async () => {
      for (const pid of await processesOf(temporary)) process.kill(pid, 'SIGKILL');
      await expect.poll(() => processesOf(temporary)).toEqual([]);
    });
    const { status, out, err } = await commitlog(['demo', '--keep'], environment);
    expect({ status, err }).toEqual({ status: 0, err: '' });

    const printed = out.split('\n').map(stable);
    const shown = blockAfter('starts a cluster of three').split('\n');
    const ofItsEnd = shown.filter((line) => line.startsWith('  stopped'));
    expect(ofItsEnd).toHaveLength(1);
    for (const line of shown.filter((each) => !ofItsEnd.includes(each))) expect(printed).toContain(stable(line));

    const [, variables] = /^ {2}\. (\S+)/m.exec(out)!;
    const assigned = (await readFile(variables!, 'utf8')).matchAll(/^export (\w+)='(.*)'$/gm);
    const reached = Object.fromEntries([...assigned].map(([, name, value]) => [name!, value!]));
    const well = await typed(['cluster', 'status', '--json'], { environment: reached });
    expect(lastLine(well.out)).toMatchObject({ voters: 3, votersUp: 3, mayBeLost: 1 });

    const [link] = /^ {2}http:\S+\/timeline\?watch=\S+$/m.exec(out)!;
    expect((await fetch(link.trim())).status).toBe(200);

    const [, ids] = /^ {2}kill ([\d ]+);/m.exec(out)!;
    const pids = ids!.split(' ').map(Number);
    expect(pids.filter(isRunning)).toHaveLength(3);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    await expect.poll(() => pids.filter(isRunning), { timeout: 20_000 }).toEqual([]);
  },
  slow,
);

it(
  'Ctrl-C while it starts leaves no process and no file',
  async () => {
    const { environment, temporary, leftBehind } = await scratch();
    const child = spawn(process.execPath, [program, 'demo'], {
      cwd: packageDirectory,
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
    await expect.poll(() => processesOf(temporary), { timeout: slow }).toHaveLength(3);
    child.kill('SIGINT');
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGINT');
    expect(await leftBehind()).toEqual([]);
    expect(await processesOf(temporary)).toEqual([]);
  },
  slow,
);

describe('what cannot be used is refused in one line, with status 2, before anything is started', () => {
  it('a file that is not there', async () => {
    const { dir, temporary, leftBehind } = await scratch();
    const { status, out, err } = await typed(['demo', join(dir, 'nothing')], { temporary });
    const message = `commitlog: cannot read ${join(dir, 'nothing')}: there is no such file\n`;
    expect({ status, out, err }).toEqual({ status: 2, out: '', err: message });
    expect(await leftBehind()).toEqual([]);
  });

  it('a directory', async () => {
    const { dir, temporary } = await scratch();
    await mkdir(join(dir, 'some'));
    const { status, err } = await typed(['demo', join(dir, 'some'), '--json'], { temporary });
    expect({ status, err }).toEqual({
      status: 2,
      err: `commitlog: cannot read ${join(dir, 'some')}: it is a directory. Name a file\n`,
    });
  });
});
