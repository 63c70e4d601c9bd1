import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { inFreshDirectory } from './directory.js';
import { rawRead } from './raw.js';

/** Bytes a second, round by round. */
export interface ReadRates {
  readonly ours: readonly number[];
  readonly raw: readonly number[];
}

const components = { files: nodeFiles, clock: nodeClock };

/** Reads a log from start to end, and the same files with the raw loop, in turn. */
export async function benchRead(parent: string, rounds: number, logBytes: number): Promise<ReadRates> {
  return await inFreshDirectory(parent, async (dir) => {
    await fill(dir, logBytes);
    const paths = (await readdir(dir)).filter((name) => name.endsWith('.log')).map((name) => join(dir, name));
    const ours: number[] = [];
    const raw: number[] = [];
    for (let round = 0; round < rounds + 1; round += 1) {
      const log = await openLog({ dir }, components);
      const oursRate = await rate(() => readLog(log));
      await log.close();
      const rawRate = await rate(() => Promise.resolve(rawRead(paths)));
      // The first round warms up the compiler and the page cache.
      if (round === 0) continue;
      ours.push(oursRate);
      raw.push(rawRate);
    }
    return { ours, raw };
  });
}

async function fill(dir: string, logBytes: number): Promise<void> {
  const log = await openLog({ dir }, components);
  const records = Array.from({ length: 100 }, () => ({ value: Buffer.alloc(256, 'commitlog ') }));
  const template = encodeBatch(records);
  for (let written = 0; written < logBytes; written += template.length * 16) {
    await Promise.all(Array.from({ length: 16 }, () => log.append(Buffer.from(template))));
  }
  await log.close();
}

async function readLog(log: Log): Promise<number> {
  let bytes = 0;
  for await (const slice of log.slices({ from: 'start' })) bytes += slice.bytes.length;
  return bytes;
}

/** @returns bytes a second */
async function rate(read: () => Promise<number>): Promise<number> {
  const started = performance.now();
  const bytes = await read();
  return (bytes / (performance.now() - started)) * 1000;
}
