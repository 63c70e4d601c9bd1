import type { Buffer } from 'node:buffer';
import { type Log, origin } from '@commitlog/log';
import { type DerivedState, decodeState, stateFrom } from './derived-state.js';

/** What a replica goes on from: the latest of its snapshot's state and the checkpoints beside its log. */
export async function newestState(log: Log, snapshot: Buffer | undefined): Promise<DerivedState> {
  const base = snapshot === undefined ? stateFrom(origin) : decodeState(snapshot);
  // That this log holds what follows a snapshot's start is for Raft to find out.
  const atStart = { ...base, applied: base.start };
  const saved = await newestCheckpoint(log);
  return saved !== undefined && saved.applied.index > atStart.applied.index ? saved : atStart;
}

/**
 * The state of a log at its logical start, where the snapshot that had it is lost. Without a checkpoint behind that, no producer that was
 * last seen before it is known: it is refused as unknown, so that nothing is appended twice.
 */
export async function stateAtStart(log: Log): Promise<DerivedState> {
  const { start } = log;
  const saved = await newestCheckpoint(log);
  return saved === undefined || saved.derived.index < start.index
    ? stateFrom(start)
    : { ...saved, start, applied: start };
}

/** The newest that can be read. */
async function newestCheckpoint(log: Log): Promise<DerivedState | undefined> {
  for (const key of log.checkpoints.toReversed()) {
    const bytes = await log.readCheckpoint(key);
    if (bytes === undefined) continue;
    const state = decodeState(bytes);
    if (state.applied.index <= log.durable.index) return state;
  }
  return undefined;
}
