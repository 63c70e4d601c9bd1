import { join } from 'node:path';
import { openLog } from '@commitlog/log';
import { encodeBatch, headerBytes } from '@commitlog/record';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { inFreshDirectory } from './directory.js';
import { RawLog } from './raw.js';

export interface AppendCase {
  readonly writers: number;
  readonly recordsPerBatch: number;
}

/** Records a second, round by round. */
export interface AppendRates {
  readonly ours: readonly number[];
  readonly raw: readonly number[];
}

export const appendCases: readonly AppendCase[] = [
  { writers: 64, recordsPerBatch: 1 },
  { writers: 1024, recordsPerBatch: 1 },
  { writers: 1, recordsPerBatch: 100 },
  { writers: 1, recordsPerBatch: 1000 },
];

const recordBytes = 256;
/** Of each: the compiler changes its mind about the longer of the two ways for half a million batches. A server is past that in seconds. */
const warmUpRounds = 3;

/** Runs ours and the raw loop in turn, the same writers and batches, so that what disturbs the machine disturbs both. */
export async function benchAppend(
  dir: string,
  testCase: AppendCase,
  rounds: number,
  roundMs: number,
): Promise<AppendRates> {
  const ours: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    const oursRate = await inFreshDirectory(dir, (fresh) => measureLog(fresh, testCase, roundMs));
    const rawRate = await inFreshDirectory(dir, (fresh) => measureRaw(fresh, testCase, roundMs));
    if (round < warmUpRounds) continue;
    ours.push(oursRate);
    raw.push(rawRate);
  }
  return { ours, raw };
}

async function measureLog(dir: string, testCase: AppendCase, roundMs: number): Promise<number> {
  const log = await openLog({ dir: join(dir, 'log') }, { files: nodeFiles, clock: nodeClock });
  try {
    return await measure(testCase, roundMs, (batch) => log.append(batch));
  } finally {
    await log.close();
  }
}

async function measureRaw(dir: string, testCase: AppendCase, roundMs: number): Promise<number> {
  const log = new RawLog(join(dir, 'raw'));
  try {
    return await measure(testCase, roundMs, (batch) => log.append(batch));
  } finally {
    log.close();
  }
}

/** @returns records a second */
async function measure(
  { writers, recordsPerBatch }: AppendCase,
  roundMs: number,
  append: (batch: Buffer) => Promise<unknown>,
): Promise<number> {
  const value = Buffer.alloc(recordBytes, 'commitlog ');
  const template = encodeBatch(Array.from({ length: recordsPerBatch }, () => ({ value })));
  const started = performance.now();
  let [appended, elapsedMs] = [0, 0];
  const write = async (): Promise<void> => {
    const batch = Buffer.from(template);
    while (elapsedMs < roundMs) {
      // A batch is stamped in place: as a producer's next one would, it starts unstamped.
      template.copy(batch, 0, 0, headerBytes);
      await append(batch);
      appended += recordsPerBatch;
      elapsedMs = performance.now() - started;
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return (appended / elapsedMs) * 1000;
}
