import { isDeepStrictEqual } from 'node:util';
import { type Log, LogError, openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { SimulatedClock, type SimulatedDisk } from '@commitlog/simulation';
import { derivedAt, type LogState, positionIn, tailOf, withBatches } from './model.js';
import { dir, segmentBytes } from './workload.js';

/**
 * Opens what a crash has left, and compares it with the states that it may be in; then goes on with it, and starts it once more.
 *
 * @returns what is wrong; `undefined` when nothing is
 */
export async function judge(disk: SimulatedDisk, allowed: readonly LogState[]): Promise<string | undefined> {
  let step = 'opening';
  try {
    const log = await openOn(disk);
    step = 'reading';
    const found = await matching(log, allowed);
    if (typeof found === 'string') return found;
    step = 'appending';
    const batch = encodeBatch([{ value: Buffer.from('life goes on') }]);
    await log.append(batch);
    await log.close();
    step = 'opening again';
    const again = await openOn(disk);
    const differs = await difference(again, withBatches(found, batch));
    await again.close();
    return differs && `after one more append and a restart: ${differs}`;
  } catch (error) {
    return `${step}: ${error instanceof Error ? error.stack : error}`;
  }
}

/** What a judgement says, or what it threw. */
export async function judged(judgement: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await judgement();
  } catch (error) {
    return error instanceof Error ? error.stack : String(error);
  }
}

export async function openOn(disk: SimulatedDisk): Promise<Log> {
  return await openLog({ dir, segmentBytes }, { files: disk.files, clock: new SimulatedClock() });
}

/** The state that an open log shows, out of those it may be in; in words what is wrong, if it is in none. */
export async function matching(log: Log, allowed: readonly LogState[]): Promise<LogState | string> {
  const differences: string[] = [];
  for (const state of allowed) {
    const differs = await difference(log, state);
    if (differs === undefined) return state;
    differences.push(differs);
  }
  return differences.join('; or ');
}

/**
 * How an open log differs from a state, if it does.
 *
 * @param allCheckpoints whether each checkpoint that is listed must be readable
 */
export async function difference(log: Log, state: LogState, allCheckpoints = true): Promise<string | undefined> {
  const tail = tailOf(state);
  if (!isDeepStrictEqual(log.tail, tail))
    return `expected the tail ${JSON.stringify(tail)}, found ${JSON.stringify(log.tail)}`;
  if (log.start.index !== state.startIndex || !isDeepStrictEqual(log.start, positionIn(state, state.startIndex))) {
    return `expected the start at ${state.startIndex}, found ${JSON.stringify(log.start)}`;
  }
  if (log.firstOnDisk.index > state.startIndex) return `batches from ${state.startIndex + 1} on are gone from the disk`;
  const hardState = { ...state.hardState, term: Math.max(state.hardState.term, tail.term) };
  if (state.hardState.term < tail.term) hardState.vote = null;
  if (!isDeepStrictEqual(log.hardState, hardState)) {
    return `expected the hard state ${JSON.stringify(hardState)}, found ${JSON.stringify(log.hardState)}`;
  }
  return (await contentDifference(log, state)) ?? (await checkpointDifference(log, state, allCheckpoints));
}

async function contentDifference(log: Log, state: LogState): Promise<string | undefined> {
  const expected = state.batches.slice(log.firstOnDisk.index - state.base.index);
  let index = log.firstOnDisk.index + 1;
  for (let next = { index }; next.index <= log.tail.index; ) {
    let bytes: Buffer;
    try {
      ({ bytes, next } = await log.read({ from: next, maxBytes: 64 * 1024 }));
    } catch (error) {
      const damage = error instanceof LogError ? error.damage : undefined;
      if (damage === undefined || !isAllowed(damage, state)) throw error;
      expected.splice(0, damage.lastIndex - index + 1);
      index = damage.lastIndex + 1;
      next = { index };
      continue;
    }
    for (let at = 0; at < bytes.length; index += 1) {
      const batch = expected.shift();
      if (batch === undefined) return `found a batch at index ${index} that nobody appended`;
      if (batch.compare(bytes, at, at + batch.length) !== 0)
        return `the batch at index ${index} is not what was appended`;
      at += batch.length;
    }
  }
  const unexplained = log.damage.find((damage) => !isAllowed(damage, state));
  if (unexplained !== undefined) return `a crash was taken for damage: ${JSON.stringify(unexplained)}`;
  return expected.length === 0 ? undefined : `${expected.length} batches are missing at the end`;
}

function isAllowed(
  { firstIndex, lastIndex }: { firstIndex: number; lastIndex: number },
  { damaged }: LogState,
): boolean {
  for (let index = firstIndex; index <= lastIndex; index += 1) if (!damaged.has(index)) return false;
  return true;
}

async function checkpointDifference(log: Log, state: LogState, all: boolean): Promise<string | undefined> {
  for (const key of log.checkpoints) {
    const found = (await log.readCheckpoint(key))?.toString();
    const expected = derivedAt(state, key.index);
    if (found === undefined && !all) continue;
    if (found !== expected) return `the checkpoint at index ${key.index} holds "${found}", expected "${expected}"`;
  }
  return undefined;
}
