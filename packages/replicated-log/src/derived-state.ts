import { Buffer } from 'node:buffer';
import type { LogPosition } from '@commitlog/log';

/*
 * What is derived from a log, as bytes: a u32 length, so many bytes of JSON, and the producers (`producer-codec.ts`). Members are not in
 * it, since Raft keeps them with the snapshot.
 */

/** What a replica needs to go on behind a point of a log, and what it may serve. */
export interface DerivedState {
  /** The logical start: what is before it is not served. */
  readonly start: LogPosition;
  /** The last committed batch that this replica's log is known to hold, and what is before. */
  readonly applied: LogPosition;
  /** The producers, and the start, are those as of here. Above `applied` where they came by a snapshot, and its batches not yet. */
  readonly derived: LogPosition;
  /** What the log's users have agreed on; empty before they have. */
  readonly metadata: string;
  /** Empty where there are none. */
  readonly producers: Buffer;
}

const version = 1;
const points = ['start', 'applied', 'derived'] as const;
const fields = ['index', 'term', 'nextOffset', 'appendTime'] as const;

export function encodeState({ start, applied, derived, metadata, producers }: DerivedState): Buffer {
  const json = Buffer.from(JSON.stringify({ version, start, applied, derived, metadata }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, producers]);
}

/** The state of a log of which nothing is known but where it starts. */
export function stateFrom(start: LogPosition): DerivedState {
  return { start, applied: start, derived: start, metadata: '', producers: Buffer.alloc(0) };
}

/** @throws TypeError when the bytes are no such state, or one that only a later version reads */
export function decodeState(bytes: Buffer): DerivedState {
  const { state, rest } = parsed(bytes);
  if (state.version !== version) {
    throw new TypeError(`expected the derived state of a log in version ${version}, found ${String(state.version)}`);
  }
  for (const point of points) {
    for (const field of fields) {
      const found = (state[point] as Record<string, unknown> | undefined)?.[field];
      if (Number.isSafeInteger(found)) continue;
      throw new TypeError(`${point}.${field} of a log's derived state must be a whole number, found ${String(found)}`);
    }
  }
  if (typeof state.metadata !== 'string') {
    throw new TypeError(`metadata of a log's derived state must be text, found ${String(state.metadata)}`);
  }
  const { start, applied, derived, metadata } = state as unknown as DerivedState;
  return { start, applied, derived, metadata, producers: rest };
}

function parsed(bytes: Buffer): { readonly state: Readonly<Record<string, unknown>>; readonly rest: Buffer } {
  try {
    const end = 4 + bytes.readUInt32LE(0);
    const state: unknown = JSON.parse(bytes.toString('utf8', 4, end));
    if (typeof state === 'object' && state !== null) {
      return { state: state as Readonly<Record<string, unknown>>, rest: bytes.subarray(end) };
    }
  } catch {
    // Told below.
  }
  throw new TypeError(
    `expected the derived state of a log, found ${bytes.byteLength} other bytes: a snapshot of a log is what its logMachine gives`,
  );
}
