import { types } from 'node:util';
import {
  decodeConfiguration,
  type Entry,
  type EntryFormat,
  isSnapshotPart,
  type Message,
  plainFormat,
  type RaftCore,
  type SnapshotMeta,
} from '../core/index.js';

/*
 * What a peer sends is checked here, once, before anything acts on it: in the core a message that no member sends would break an
 * invariant, and one broken peer would end the members that it talks to.
 */

type Check = (value: unknown) => boolean;

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isString: Check = (value) => typeof value === 'string';
const isText: Check = (value) => isString(value) && value !== '';
const isFlag: Check = (value) => typeof value === 'boolean';
const isBytes: Check = (value) => value instanceof Uint8Array || types.isUint8Array(value);

/** A node's id, `@`, and a storage id. */
export function isMemberId(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const at = value.lastIndexOf('@');
  return at > 0 && at < value.length - 1;
}

// A sparse array's holes are no members: `every` alone would pass them over.
const isMembers: Check = (value) => Array.isArray(value) && Array.from(value).every(isMemberId);

const isConfiguration: Check = (value) =>
  isObject(value) &&
  isMembers(value.voters) &&
  (value.voters as readonly unknown[]).length > 0 &&
  isMembers(value.outgoing) &&
  isMembers(value.learners);

const isSnapshot: Check = (value) =>
  isObject(value) &&
  isText(value.id) &&
  isCount(value.index) &&
  isCount(value.term) &&
  isCount(value.configurationIndex) &&
  (value.configurationIndex as number) <= (value.index as number) &&
  isConfiguration(value.configuration);

const isEntries: Check = (value) => Array.isArray(value) && Array.from(value).every(isEntry);

const snapshotPart: readonly (readonly [string, Check])[] = [
  ['snapshot', isSnapshot],
  ['offset', isCount],
  ['data', isBytes],
  ['isLast', isFlag],
];

/** What each kind carries besides the header. */
const fields: { readonly [Kind in Message['kind']]: readonly (readonly [string, Check])[] } = {
  'request-pre-vote': [
    ['lastIndex', isCount],
    ['lastTerm', isCount],
  ],
  'pre-vote-granted': [],
  'pre-vote-refused': [['askedTerm', isCount]],
  'request-vote': [
    ['lastIndex', isCount],
    ['lastTerm', isCount],
    ['isTransfer', isFlag],
  ],
  'vote-granted': [],
  'vote-refused': [],
  append: [
    ['prevIndex', isCount],
    ['prevTerm', isCount],
    ['commit', isCount],
    ['entries', isEntries],
  ],
  'append-accepted': [['match', isCount]],
  'append-rejected': [
    ['rejected', isCount],
    ['hintIndex', isCount],
    ['hintTerm', isCount],
  ],
  'commit-notice': [['commit', isCount]],
  heartbeat: [
    ['round', isCount],
    ['commit', isCount],
  ],
  'heartbeat-ack': [['round', isCount]],
  'stale-term': [],
  'timeout-now': [],
  'snapshot-chunk': snapshotPart,
  'snapshot-wants': [
    ['snapshotId', isText],
    ['offset', isCount],
  ],
  'read-request': [['request', isCount]],
  'read-answer': [
    ['request', isCount],
    ['index', isCount],
  ],
  fetch: [
    ['first', isCount],
    ['last', isCount],
    ['snapshotId', isString],
    ['offset', isCount],
  ],
  fetched: [
    ['commit', isCount],
    ['entries', isEntries],
  ],
  'fetched-snapshot': snapshotPart,
};

/** Why no member whose entries are in this format can have sent this, or null where one can. */
export function messageProblem(message: unknown, format: EntryFormat = plainFormat): string | null {
  if (!isObject(message)) return `a message must be an object, got ${message === null ? 'null' : typeof message}`;
  const { kind } = message;
  if (typeof kind !== 'string' || !Object.hasOwn(fields, kind)) return `there is no kind of message "${String(kind)}"`;
  const wrong =
    wrongIn(message, header) ??
    wrongIn(message, fields[kind as Message['kind']]) ??
    wrongOrder(message as unknown as Message) ??
    wrongBytes(message as unknown as Message, format);
  return wrong === null ? null : `${kind}: ${wrong}`;
}

/** Elections between two words of a cluster to one of its members: more than any member can have missed. */
const termsMissedMax = 2 ** 32;

/**
 * Why this cannot be true, or null. Nobody has more of a leader's log than there is; and a term grows by one per election, so one from far
 * beyond would only take from everybody the terms that are left.
 */
export function falseClaim(message: Message, core: RaftCore): string | null {
  if (message.term > core.term + termsMissedMax)
    return `${message.kind}: no election ever reached term ${message.term}`;
  if (isSnapshotPart(message)) return otherThanCommitted(message.snapshot, core);
  if (message.kind !== 'append-accepted' || !core.isLeader || message.term !== core.term) return null;
  const isPastEnd = message.match > core.commitIndex && core.termAt(message.match) === undefined;
  return isPastEnd ? `append-accepted: entry ${message.match} was never sent` : null;
}

/** Two snapshots, or a snapshot and a log, that are both committed up to an index hold the same there. */
function otherThanCommitted({ index, term }: SnapshotMeta, core: RaftCore): string | null {
  if (index > core.commitIndex) return null;
  const known = core.termAt(index);
  const isOther = known !== undefined && known !== term;
  return isOther ? `a snapshot of index ${index} and term ${term}: there, term ${known} is committed` : null;
}

const header: readonly (readonly [string, Check])[] = [
  ['id', isCount],
  ['from', isMemberId],
  ['to', isMemberId],
  ['term', isCount],
];

function wrongIn(
  message: Readonly<Record<string, unknown>>,
  checks: readonly (readonly [string, Check])[],
): string | null {
  for (const [name, check] of checks) if (!check(message[name])) return `${name} is no ${name}`;
  return null;
}

/** Entries follow each other, and no term is above the term of the leader that sends it. */
function wrongOrder(message: Message): string | null {
  if (isSnapshotPart(message) && message.snapshot.term > message.term) return "the snapshot is above its sender's term";
  if (message.kind !== 'append' && message.kind !== 'fetched') return null;
  let [index, term] = message.kind === 'append' ? [message.prevIndex, message.prevTerm] : [null, 0];
  for (const entry of message.entries) {
    if (index !== null && entry.index !== index + 1) return `entry ${entry.index} comes after ${index}`;
    if (entry.term < term) return `entry ${entry.index} of term ${entry.term} comes after term ${term}`;
    if (message.kind === 'append' && entry.term > message.term)
      return `entry ${entry.index} is above its leader's term`;
    index = entry.index;
    term = entry.term;
  }
  return null;
}

function isEntry(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { index, term, type, data } = value as unknown as Entry;
  if (!isCount(index) || !isCount(term) || index === 0 || term === 0 || !isBytes(data)) return false;
  return type === 'data' || type === 'noop' || type === 'configuration';
}

/** Each entry is in the format that this group has, and a configuration names members. */
function wrongBytes(message: Message, format: EntryFormat): string | null {
  if (message.kind !== 'append' && message.kind !== 'fetched') return null;
  for (const entry of message.entries) {
    try {
      const payload = format.payloadOf(entry);
      if (entry.type === 'configuration' && !isConfiguration(decodeConfiguration(payload)))
        throw new TypeError('no members');
    } catch (error) {
      return `entry ${entry.index} is no ${entry.type} entry: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
