#!/usr/bin/env node
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { run } from './program.js';
import type { Output, TemporaryDirectory, World } from './world.js';

// This file is src/main.ts, or dist/main.js of the published package: the same distance from everything else.
const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const isFromSources = import.meta.url.endsWith('.ts');

const world: World = {
  files: nodeFiles,
  clock: nodeClock,
  out: output(process.stdout),
  err: output(process.stderr),
  commandName: isFromSources ? 'npm run -s commitlog --' : 'commitlog',
  version: (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version,
  demoText: packageFile('text/the-log.txt'),
  absolutePath: (path, from = '') => resolve(from, path),
  makeTemporaryDirectory,
};

try {
  process.exitCode = await run(process.argv.slice(2), world);
} catch (error) {
  // Whatever was to be expected has its own status: this is a mistake of ours, and its stack says where.
  console.error(error);
  process.exitCode = 70;
}

/** Whoever stops reading (`| head`) misses the rest; the work goes on, and its exit status still counts. */
function output(stream: NodeJS.WriteStream): Output {
  let isClosed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isClosed = true;
  });
  return {
    write: (text) => {
      if (!isClosed) stream.write(text);
    },
    isTerminal: stream.isTTY === true,
  };
}

async function makeTemporaryDirectory(isKept: boolean): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'commitlog-'));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const leave = (signal: NodeJS.Signals): void => {
    rmSync(path, { recursive: true, force: true });
    // Whoever waits for this process is to see what ended it.
    process.kill(process.pid, signal);
  };
  if (!isKept) for (const signal of signals) process.once(signal, leave);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      for (const signal of signals) process.off(signal, leave);
    },
  };
}
