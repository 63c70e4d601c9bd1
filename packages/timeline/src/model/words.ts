import { nodeOf, type TraceEvent, textOf, world } from '../trace/event.js';
import type { Entry } from './entry.js';
import { type Change, lookOf, type NodeState } from './node-state.js';
import { linksOf } from './timeline.js';

/** What happened, in a sentence without its end. */
export function sentenceOf({ event, message }: Entry): string {
  const who = event.node === world ? '' : nodeOf(event.node);
  const other = (field: string): string => nodeOf(textOf(event, field) ?? 'somebody');
  switch (event.event) {
    case 'role':
      return roleSentence(who, event);
    case 'vote':
      return voteSentence(who, event);
    case 'append':
      return `${who} appends ${range(event.first, event.last)}`;
    case 'truncate':
      return `${who} cuts its log from ${event.from}`;
    case 'persisted':
      return `${who} has everything up to ${event.durable} on its disk`;
    case 'write-failed':
      return `${who} could not write`;
    case 'commit':
      return `${who} commits up to ${event.upTo}`;
    case 'configuration':
      return `${who} acts on the configuration at ${event.configurationIndex}`;
    case 'snapshot':
      return `${who}: snapshot up to ${event.upTo}`;
    case 'repair':
      return `${who} mends its log`;
    case 'read':
      return `${who}: reads up to ${event.readIndex} are confirmed`;
    case 'transfer':
      return `${who}: leadership to ${other('to')}`;
    case 'send':
      return `${who} sends ${event.cause} to ${other('to')}${fate(message)}`;
    case 'receive':
      return `${who} receives ${event.cause} from ${other('from')}`;
    case 'drop':
      return `${who} does not act on a message from ${other('from')}`;
    case 'lost':
      return `${event.kind} of ${who} to ${other('to')} is lost`;
    default:
      return worldSentence(who, event);
  }
}

function worldSentence(who: string, event: TraceEvent): string {
  switch (event.event) {
    case 'start':
      return `${who} starts`;
    case 'crash':
      return `${who} crashes`;
    case 'pause':
      return `${who} stops responding`;
    case 'resume':
      return `${who} goes on`;
    case 'unreachable':
      return `${who} is unreachable`;
    case 'partition':
      return `The network is cut: ${linksInWords(event)}`;
    case 'heal':
      return linksOf(event).length === 0 ? 'The network is whole' : `The network heals in part: ${linksInWords(event)}`;
    case 'violation':
      return `Violation: ${event.cause}`;
    default:
      return `${who}: ${event.event}`;
  }
}

function roleSentence(who: string, { role, leader, term }: TraceEvent): string {
  if (role === 'leader') return `${who} leads term ${term}`;
  if (role !== 'follower') return `${who} is ${role} in term ${term}`;
  return leader === null
    ? `${who} follows nobody in term ${term}`
    : `${who} follows ${typeof leader === 'string' ? nodeOf(leader) : 'somebody'}`;
}

function voteSentence(who: string, { candidate, isGranted, isPreVote, node }: TraceEvent): string {
  const vote = isPreVote === true ? 'pre-vote' : 'vote';
  if (candidate === node && isGranted === true) return `${who} votes for itself`;
  return `${who} ${isGranted === true ? 'grants' : 'refuses'} ${nodeOf(String(candidate))} its ${vote}`;
}

function fate(message: Entry['message']): string {
  if (message === null || message.receive !== null) return '';
  return message.lost === null ? ', which is never received' : `, which is lost: ${message.lost}`;
}

function range(first: unknown, last: unknown): string {
  return first === last ? `${first}` : `${first}–${last}`;
}

/** Which links are cut: both directions of one as one. */
function linksInWords(event: TraceEvent): string {
  const links = linksOf(event);
  const cut = new Set(links.map(([from, to]) => `${from}>${to}`));
  const words = links.flatMap(([from, to]) => {
    if (!cut.has(`${to}>${from}`)) return [`${from} → ${to}`];
    return from < to ? [`${from} ↔ ${to}`] : [];
  });
  return words.length > 6 ? `${words.slice(0, 6).join(', ')} and ${words.length - 6} more` : words.join(', ');
}

/** What the fields of a state are called. */
export const fieldNames: Readonly<Record<keyof NodeState, string>> = {
  life: 'process',
  member: 'member',
  role: 'role',
  term: 'term',
  vote: 'vote',
  leader: 'follows',
  logStart: 'log begins after',
  last: 'log ends at',
  durable: 'on disk up to',
  commit: 'committed up to',
  voters: 'voters',
  outgoing: 'outgoing voters',
  learners: 'learners',
};

/** A value of a state for people. */
export function valueInWords(value: Change['before']): string {
  if (value === null || value === '') return 'nobody';
  if (typeof value === 'object') return value.length === 0 ? 'none' : value.map(nodeOf).join(' ');
  return typeof value === 'string' ? nodeOf(value) : String(value);
}

/** A state in one line, for whoever hears it read out. */
export function stateInWords(name: string, state: NodeState): string {
  const look = lookOf(state);
  if (look === null) return `${name} is unknown`;
  if (look === 'down' || look === 'unreachable') return `${name} is ${look}`;
  return `${name} is ${look}, term ${state.term}, log to ${state.last}, commit ${state.commit}`;
}
