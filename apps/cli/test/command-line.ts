import { execFile } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { expect, onTestFinished } from 'vitest';
import { httpGet } from '../src/node/http-get.js';
import { run } from '../src/program.js';
import type { Output, World } from '../src/world.js';

export const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

export interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** What is run as a process of its own: what the sources were bundled to. */
export const program = 'dist/main.js';

/** Runs the real command, as a process of its own. */
export function commitlog(args: readonly string[], environment: Record<string, string> = {}): Promise<Result> {
  const options = { cwd: packageDirectory, env: { ...process.env, ...environment }, maxBuffer: 1 << 26 };
  return new Promise((done) => {
    const child = execFile(process.execPath, [program, ...args], options, (_, out, err) =>
      done({ status: child.exitCode ?? -1, out, err }),
    );
  });
}

export interface TypedOptions {
  /** For directories of its own. */
  readonly temporary?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it is typed. */
  readonly cwd?: string;
  /** What comes on standard input. */
  readonly input?: readonly Uint8Array[];
  readonly interruption?: AbortSignal;
  /** Agents that are none. */
  readonly startAgent?: World['startAgent'];
}

/** Runs the command in this process, which is quicker: on real files, and with a directory of the test's for temporary ones. */
export async function typed(args: readonly string[], options: TypedOptions = {}): Promise<Result> {
  const { temporary = '', environment = {}, cwd = '', input = [], interruption, startAgent } = options;
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  const patient = new AbortController();
  // As the real command does: whoever works for a cluster listens many times.
  setMaxListeners(0, patient.signal);
  const status = await run(args, {
    files: nodeFiles,
    clock: nodeClock,
    random: nodeRandom,
    crypto: globalThis.crypto,
    environment,
    in: {
      isTerminal: false,
      chunks: async function* () {
        yield* input;
      },
    },
    out: outputInto(out),
    err: outputInto(err),
    machine: { system: 'a system', node: '20.20.0', cpu: 'a CPU', cores: 2, memoryBytes: 1e9 },
    commandName: 'commitlog',
    version: '1.2.3',
    demoText: join(packageDirectory, 'text/the-log.txt'),
    absolutePath: (path, from = '') => resolve(cwd, from, path),
    startedMs: nodeClock.monotonicMs(),
    makeTemporaryDirectory: async () => {
      const path = await mkdtemp(join(temporary, 'commitlog-'));
      return { path, isInMemory: false, remove: () => rm(path, { recursive: true }) };
    },
    freePorts,
    httpGet,
    startAgent: startAgent ?? (() => expect.unreachable('this test starts no agents')),
    runAgent: (agentArgs) => {
      out.push(Buffer.from(`agent ${agentArgs.join(' ')}\n`));
      return Promise.resolve(0);
    },
    interruption: () => interruption ?? patient.signal,
  });
  return { status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

/** An output that keeps what is written. */
export function outputInto(kept: Buffer[], { isTerminal = false, hasColors = false } = {}): Output {
  return {
    write: (data) => void kept.push(Buffer.from(data)),
    drained: () => Promise.resolve(),
    isClosed: false,
    isTerminal,
    hasColors,
  };
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
