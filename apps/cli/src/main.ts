#!/usr/bin/env node
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
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

function makeTemporaryDirectory(isKept: boolean): TemporaryDirectory {
  let path: string | undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const leave = (signal: NodeJS.Signals): void => {
    // Writes that are under way may still make a file while the directory is being emptied.
    if (path !== undefined) rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 10 });
    // Whoever waits for this process is to see what ended it.
    process.kill(process.pid, signal);
  };
  // Before it is there, and in one go with it: a signal in between would leave it behind.
  if (!isKept) for (const signal of signals) process.once(signal, leave);
  const made = mkdtempSync(join(tmpdir(), 'commitlog-'));
  path = made;
  return {
    path: made,
    remove: async () => {
      await rm(made, { recursive: true, force: true });
      for (const signal of signals) process.off(signal, leave);
    },
  };
}
