import { Buffer } from 'node:buffer';
import type { LogPosition } from '@commitlog/log';

/*
 * What is derived from a log up to a point: all that a replica needs to go on behind it. JSON, one object. Members are not in it, since
 * Raft keeps them with the snapshot.
 */

const version = 1;
const fields = ['index', 'term', 'nextOffset', 'appendTime'] as const;

export function encodeState(position: LogPosition): Buffer {
  const { index, term, nextOffset, appendTime } = position;
  return Buffer.from(JSON.stringify({ version, index, term, nextOffset, appendTime }));
}

/** @throws TypeError when the bytes are no such state, or one that only a later version reads */
export function decodeState(bytes: Uint8Array): LogPosition {
  const state = parsed(bytes);
  if (state.version !== version) {
    throw new TypeError(`expected the derived state of a log in version ${version}, found ${String(state.version)}`);
  }
  for (const field of fields) {
    if (Number.isSafeInteger(state[field])) continue;
    throw new TypeError(`${field} of a log's derived state must be a whole number, found ${String(state[field])}`);
  }
  const { index, term, nextOffset, appendTime } = state as unknown as LogPosition;
  return { index, term, nextOffset, appendTime };
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw new TypeError(
    `expected the derived state of a log, found ${bytes.byteLength} other bytes: a snapshot of a log is what LogStorage.stateAt gives`,
  );
}
