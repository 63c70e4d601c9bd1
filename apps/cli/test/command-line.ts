import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { onTestFinished } from 'vitest';
import { run } from '../src/program.js';

export const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

export interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export const fromSources = ['--conditions=@commitlog/source', '--import', 'tsx', 'src/main.ts'];

/** Runs the real command, as a process of its own. */
export function commitlog(args: readonly string[], environment: Record<string, string> = {}): Promise<Result> {
  const options = { cwd: packageDirectory, env: { ...process.env, ...environment }, maxBuffer: 1 << 26 };
  return new Promise((done) => {
    const child = execFile(process.execPath, [...fromSources, ...args], options, (_, out, err) =>
      done({ status: child.exitCode ?? -1, out, err }),
    );
  });
}

/** Runs the command in this process, which is quicker: on real files, and with a directory of the test's for temporary ones. */
export async function typed(args: readonly string[], { temporary = '' } = {}): Promise<Result> {
  const [out, err]: [string[], string[]] = [[], []];
  const status = await run(args, {
    files: nodeFiles,
    clock: nodeClock,
    out: { isTerminal: false, write: (text) => void out.push(text) },
    err: { isTerminal: false, write: (text) => void err.push(text) },
    commandName: 'commitlog',
    version: '1.2.3',
    demoText: join(packageDirectory, 'text/the-log.txt'),
    absolutePath: (path, from = '') => resolve(from, path),
    makeTemporaryDirectory: () => {
      const path = mkdtempSync(join(temporary, 'commitlog-'));
      return { path, remove: () => rm(path, { recursive: true }) };
    },
  });
  return { status, out: out.join(''), err: err.join('') };
}

/** The JSON object on the last line. */
export function lastLine(out: string): Record<string, unknown> {
  return JSON.parse(out.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}

export interface Scratch {
  /** Gone after the test. */
  readonly dir: string;
  /** For temporary files. */
  readonly temporary: string;
  readonly environment: { TMPDIR: string };
  /** What the command left in it. */
  readonly leftBehind: () => Promise<string[]>;
}

export async function scratch(): Promise<Scratch> {
  const base = await mkdtemp(join(tmpdir(), 'commitlog-cli-test-'));
  onTestFinished(() => rm(base, { recursive: true }));
  const [dir, temporary] = [join(base, 'work'), join(base, 'tmp')];
  await mkdir(dir);
  await mkdir(temporary);
  // tsx keeps its cache there, too.
  const leftBehind = async () => (await readdir(temporary)).filter((name) => name.startsWith('commitlog-'));
  return { dir, temporary, environment: { TMPDIR: temporary }, leftBehind };
}
