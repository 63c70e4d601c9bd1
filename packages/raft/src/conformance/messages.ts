import { crc32 } from 'node:zlib';
import { type Entry, encodeConfiguration, type Message, memberId } from '../core/index.js';

/** Bytes that are no text: whoever takes them for one, changes them. */
export const binary: Uint8Array = Uint8Array.from({ length: 256 }, (_, at) => at);

/** Above 32 bits, where numbers that are kept in too little wrap. */
export const high: number = 2 ** 40 + 1;

/** One of each type, one without any data, and one of bytes that are no text. */
export function entriesFrom(first: number, term: number): Entry[] {
  const configuration = { voters: [memberId('a', '1')], outgoing: [], learners: [memberId('é', '2')] };
  return [
    { index: first, term, type: 'noop', data: new Uint8Array(0) },
    { index: first + 1, term, type: 'configuration', data: encodeConfiguration(configuration) },
    { index: first + 2, term, type: 'data', data: binary },
    { index: first + 3, term, type: 'data', data: new Uint8Array(0) },
  ];
}

/** One message of every kind. */
export function everyMessage(from: string, to: string): Message[] {
  const header = { id: 7, from: memberId(from, '1'), to: memberId(to, '1'), term: high };
  const configuration = { voters: [header.from], outgoing: [header.to], learners: [] };
  const snapshot = { id: 'é"\n', index: high, term: 3, configuration, configurationIndex: 1 };
  const samples: { readonly [Kind in Message['kind']]: Extract<Message, { kind: Kind }> } = {
    'request-pre-vote': { kind: 'request-pre-vote', ...header, lastIndex: high, lastTerm: 2 },
    'pre-vote-granted': { kind: 'pre-vote-granted', ...header },
    'pre-vote-refused': { kind: 'pre-vote-refused', ...header, askedTerm: high },
    'request-vote': { kind: 'request-vote', ...header, lastIndex: 0, lastTerm: 0, isTransfer: true },
    'vote-granted': { kind: 'vote-granted', ...header },
    'vote-refused': { kind: 'vote-refused', ...header },
    append: { kind: 'append', ...header, prevIndex: high, prevTerm: 2, entries: entriesFrom(high + 1, 3), commit: 0 },
    'append-accepted': { kind: 'append-accepted', ...header, match: high },
    'append-rejected': { kind: 'append-rejected', ...header, rejected: high, hintIndex: 5, hintTerm: 0 },
    'commit-notice': { kind: 'commit-notice', ...header, commit: high },
    heartbeat: { kind: 'heartbeat', ...header, round: high, commit: 0 },
    'heartbeat-ack': { kind: 'heartbeat-ack', ...header, round: 1 },
    'stale-term': { kind: 'stale-term', ...header },
    'timeout-now': { kind: 'timeout-now', ...header },
    'snapshot-chunk': { kind: 'snapshot-chunk', ...header, snapshot, offset: high, data: binary, isLast: false },
    'snapshot-wants': { kind: 'snapshot-wants', ...header, snapshotId: snapshot.id, offset: 0 },
    'read-request': { kind: 'read-request', ...header, request: 2 ** 52 + 1 },
    'read-answer': { kind: 'read-answer', ...header, request: 2 ** 52 + 1, index: high },
    fetch: { kind: 'fetch', ...header, first: 1, last: high, snapshotId: snapshot.id, offset: high },
    fetched: { kind: 'fetched', ...header, commit: high, entries: entriesFrom(high, 1) },
    'fetched-snapshot': { kind: 'fetched-snapshot', ...header, snapshot, offset: high, data: binary, isLast: true },
  };
  return Object.values(samples);
}

/** A value as text, bytes as what they are: two that say the same look the same, in whatever order their fields were made. */
export function shown(value: unknown): string {
  return JSON.stringify(comparable(value));
}

function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = value;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    return byteLength > 1024 ? `${byteLength} bytes, CRC-32 ${crc32(bytes)}` : `bytes ${bytes.toString('base64')}`;
  }
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, comparable(field)]));
}
