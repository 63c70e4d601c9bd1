#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { exitStatus } from './errors.js';
import { httpGet } from './node/http-get.js';
import { machine } from './node/machine.js';
import { startAgent } from './node/start-agent.js';
import { makeTemporaryDirectory } from './node/temporary-directory.js';
import { run } from './program.js';
import type { Output, World } from './world.js';

// This file is src/main.ts, or dist/main.js of the published package: the same distance from everything else.
const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const isFromSources = import.meta.url.endsWith('.ts');
/** In a clone it is run by the clone's own scripts, `demo` and `commitlog`: what is to be typed next is one of those, too. */
const isInClone = isFromSources || process.env.npm_package_name === 'commitlog';
const agentProgram = packageFile(isFromSources ? 'src/node/agent-process.ts' : 'dist/agent-process.js');

/** What asks a process to end. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Why the output, or part of it, is nowhere: a disk that is full. */
let unwritable: Error | undefined;
let interruption: { readonly controller: AbortController; by?: NodeJS.Signals } | undefined;

const world: World = {
  files: nodeFiles,
  clock: nodeClock,
  random: nodeRandom,
  crypto: globalThis.crypto,
  // Where Node's monotonic clock begins.
  startedMs: 0,
  environment: process.env,
  in: {
    // Asked for late: whoever touches the stream without reading it keeps it open.
    get isTerminal() {
      return process.stdin.isTTY === true;
    },
    chunks: () => process.stdin,
  },
  out: output(process.stdout),
  err: output(process.stderr),
  get machine() {
    return machine();
  },
  commandName: isInClone ? 'npm run -s commitlog --' : 'commitlog',
  version: (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version,
  demoText: packageFile('text/the-log.txt'),
  absolutePath: (path, from = '') => resolve(from, path),
  makeTemporaryDirectory,
  freePorts,
  httpGet,
  startAgent: (options) => startAgent(agentProgram, options),
  runAgent: async (args, { directory, name }) => {
    process.chdir(directory);
    const { runProgram } = await import('@commitlog/agent/program');
    return runProgram(args, name);
  },
  interruption: () => {
    interruption ??= listen();
    return interruption.controller.signal;
  },
};

// A command that waits is at work: the clock's timers alone would not keep the process.
const atWork = setInterval(() => {}, 2 ** 30);
try {
  process.exitCode = await run(process.argv.slice(2), world);
} catch (error) {
  // Whatever was to be expected has its own status: this is a mistake of ours, and its stack says where.
  console.error(error);
  process.exitCode = 70;
} finally {
  clearInterval(atWork);
}
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
if (unwritable !== undefined) {
  process.stderr.write(`commitlog: the output cannot be written: ${unwritable.message}\n`);
  process.exitCode = exitStatus.refused;
}
// Whoever waits for this process is to see what ended it: a shell stops its loop then.
if (process.exitCode === exitStatus.interrupted && interruption?.by) process.kill(process.pid, interruption.by);
// What is left has nothing to do with the result: a connection to a server that is silent would keep this process for as long.
process.exit();

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

function listen(): NonNullable<typeof interruption> {
  const begun: NonNullable<typeof interruption> = { controller: new AbortController() };
  // Whatever is under way at once may listen.
  setMaxListeners(0, begun.controller.signal);
  const end = (signal: NodeJS.Signals): void => {
    // The next one is not caught any more, and ends this process.
    for (const each of endings) process.off(each, end);
    begun.by = signal;
    begun.controller.abort(new Error(`interrupted by ${signal}`));
  };
  for (const each of endings) process.on(each, end);
  return begun;
}

/** Whoever stops reading (`| head`) misses the rest; the work goes on, and its exit status still counts. */
function output(stream: NodeJS.WriteStream): Output {
  let isClosed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    isClosed = true;
    if (error.code !== 'EPIPE') unwritable ??= error;
  });
  const isTerminal = stream.isTTY === true;
  return {
    write: (data) => {
      if (!isClosed) stream.write(data);
    },
    drained: async () => {
      if (isClosed || !stream.writableNeedDrain) return;
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          stream.off('drain', settle);
          stream.off('close', settle);
          resolve();
        };
        stream.on('drain', settle);
        stream.on('close', settle);
      });
    },
    get isClosed() {
      return isClosed;
    },
    isTerminal,
    hasColors: isTerminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  };
}
