import { ApiError, raftV1 } from '@commitlog/api';
import { type Entry, type EntryType, type Envelope, type MemberId, type Message, nodeOf } from '@commitlog/raft';

const { EntryType: WireEntryType } = raftV1;

type Kind = Message['kind'];
type WireBody = NonNullable<raftV1.Message['body']>;
type Case = WireBody['$case'];

/** What each kind of message is called on the wire. */
const caseOf: { readonly [K in Kind]: Case } = {
  'request-pre-vote': 'requestPreVote',
  'pre-vote-granted': 'preVoteGranted',
  'pre-vote-refused': 'preVoteRefused',
  'request-vote': 'requestVote',
  'vote-granted': 'voteGranted',
  'vote-refused': 'voteRefused',
  append: 'append',
  'append-accepted': 'appendAccepted',
  'append-rejected': 'appendRejected',
  'commit-notice': 'commitNotice',
  heartbeat: 'heartbeat',
  'heartbeat-ack': 'heartbeatAck',
  'stale-term': 'staleTerm',
  'timeout-now': 'timeoutNow',
  'snapshot-chunk': 'snapshotChunk',
  'snapshot-wants': 'snapshotWants',
  'read-request': 'readRequest',
  'read-answer': 'readAnswer',
  fetch: 'fetch',
  fetched: 'fetched',
  'fetched-snapshot': 'fetchedSnapshot',
};
const kindOf = new Map(Object.entries(caseOf).map(([kind, name]) => [name, kind as Kind]));

const wireTypeOf: { readonly [T in EntryType]: raftV1.EntryType } = {
  data: WireEntryType.DATA,
  noop: WireEntryType.NOOP,
  configuration: WireEntryType.CONFIGURATION,
};
const typeOf = new Map(Object.entries(wireTypeOf).map(([type, wire]) => [wire, type as EntryType]));

/** A packet as it goes over the wire. Nothing in it is copied. */
export function encodePacket(packet: readonly Envelope[]): raftV1.Packet {
  return { messages: packet.map(encodeMessage) };
}

/**
 * A packet as Raft takes it. Bytes are views of what was received. Whether the messages make sense is for Raft to judge; whether they have the
 * form of messages, and whether they are `sender`'s own, is judged here.
 *
 * @throws ApiError `INVALID_REQUEST` for what no version of this program sends, `PERMISSION_DENIED` for words that a node puts into another's mouth
 */
export function decodePacket(packet: raftV1.Packet, sender: string): Envelope[] {
  return packet.messages.map((message) => decodeMessage(message, sender));
}

function encodeMessage({ group, message }: Envelope): raftV1.Message {
  const { kind, id, from, to, term, ...fields } = message;
  // The fields of a kind have the same names on the wire; what has another form is in `encodeFields`.
  const body = { $case: caseOf[kind], value: encodeFields(message, fields) } as WireBody;
  return { group, id, from, to, term, body };
}

function encodeFields(message: Message, fields: object): object {
  if (message.kind === 'append' || message.kind === 'fetched') {
    return { ...fields, entries: message.entries.map((entry) => ({ ...entry, type: wireTypeOf[entry.type] })) };
  }
  return fields;
}

function decodeMessage({ group, id, from, to, term, body }: raftV1.Message, sender: string): Envelope {
  const kind = body && kindOf.get(body.$case);
  if (body === undefined || kind === undefined)
    throw malformed('a message of Raft has a body, of a kind that this version knows');
  requireMember(from);
  requireMember(to);
  if (nodeOf(from) !== sender) {
    throw new ApiError(
      'PERMISSION_DENIED',
      `node "${sender}" has sent a message as "${from}": a node speaks for itself`,
    );
  }
  const message = { kind, id, from, to, term, ...decodeFields(body) } as Message;
  return { group, message };
}

function decodeFields({ $case, value }: WireBody): object {
  switch ($case) {
    case 'append':
    case 'fetched':
      return { ...value, entries: value.entries.map(decodeEntry) };
    case 'snapshotChunk':
    case 'fetchedSnapshot': {
      const { snapshot } = value;
      if (snapshot?.configuration === undefined)
        throw malformed('a chunk says of which snapshot it is, and of which members');
      return value;
    }
    default:
      return value;
  }
}

function decodeEntry({ type, ...entry }: raftV1.Entry): Entry {
  const known = typeOf.get(type);
  if (known === undefined) throw malformed(`an entry's type is one that this version knows, not ${type}`);
  return { ...entry, type: known };
}

/** @throws ApiError for what has not the form `node id@storage id` */
function requireMember(text: string): asserts text is MemberId {
  const at = text.lastIndexOf('@');
  if (at < 1 || at === text.length - 1)
    throw malformed(`a member is "node id@storage id", not "${text.slice(0, 100)}"`);
}

function malformed(expected: string): ApiError {
  return new ApiError('INVALID_REQUEST', `expected that ${expected}`, { metadata: { field: 'packet' } });
}
