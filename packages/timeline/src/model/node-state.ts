import { namesOf, numberOf, type TraceEvent, textOf } from '../trace/event.js';

const roles = ['follower', 'pre-candidate', 'candidate', 'leader'] as const;

export type Role = (typeof roles)[number];

/** Whether a node runs. `unknown` before it was heard of; `unreachable`, as an onlooker sees it who lost its stream. */
export type Life = 'unknown' | 'up' | 'paused' | 'down' | 'unreachable';

/** All that a trace tells of one node at one instant. */
export interface NodeState {
  readonly life: Life;
  /** `node id@storage id`; another after its disk was replaced. */
  readonly member: string;
  readonly role: Role;
  readonly term: number;
  /** Whom it voted for in this term. */
  readonly vote: string | null;
  /** Whom it follows; itself where it leads. */
  readonly leader: string | null;
  /** Everything up to here is forgotten: a snapshot has taken its place. */
  readonly logStart: number;
  /** Its log's last index. */
  readonly last: number;
  /** Everything up to here is on its disk. */
  readonly durable: number;
  readonly commit: number;
  readonly voters: readonly string[];
  /** The voters before, in a joint configuration. */
  readonly outgoing: readonly string[];
  readonly learners: readonly string[];
}

export const unknown: NodeState = {
  life: 'unknown',
  member: '',
  role: 'follower',
  term: 0,
  vote: null,
  leader: null,
  logStart: 0,
  last: 0,
  durable: 0,
  commit: 0,
  voters: [],
  outgoing: [],
  learners: [],
};

/** The state of a node after an event of its own. The same object where nothing has changed. */
export function stateAfter(before: NodeState, event: TraceEvent): NodeState {
  // What the network did to its message, it does not know of: it may be down, or another member, by now.
  if (event.event === 'lost') return before;
  const { term, index, commit, node } = event;
  const isSame = before.term === term && before.last === index && before.commit === commit && before.member === node;
  const own = ownFields(before, event);
  if (isSame && own === null) return before;
  // §5.1: a new term begins without a vote, without a leader, and as a follower; who campaigns in it says so by its role.
  const fresh = term > before.term ? ({ vote: null, leader: null, role: 'follower' } as const) : {};
  const durable = Math.min(before.durable, index);
  return { ...before, ...fresh, member: node, term, last: index, commit, durable, ...own };
}

function ownFields(before: NodeState, event: TraceEvent): Partial<NodeState> | null {
  switch (event.event) {
    case 'role':
      return { life: 'up', ...roleOf(before, event) };
    case 'vote':
      return voteOf(before, event);
    case 'persisted':
      return { life: 'up', durable: numberOf(event, 'durable') ?? before.durable };
    case 'snapshot':
      return { life: 'up', logStart: numberOf(event, 'logStart') ?? before.logStart };
    case 'configuration':
      return {
        life: 'up',
        voters: namesOf(event, 'voters'),
        outgoing: namesOf(event, 'outgoing'),
        learners: namesOf(event, 'learners'),
      };
    case 'start':
      return startOf(event);
    case 'crash':
      return { life: 'down', leader: null };
    case 'pause':
      return { life: 'paused' };
    case 'unreachable':
      return { life: 'unreachable' };
    default:
      return before.life === 'up' ? null : { life: 'up' };
  }
}

function roleOf(before: NodeState, event: TraceEvent): Partial<NodeState> {
  // Whatever else a trace calls a role is none that could be drawn.
  const role = roles.find((each) => each === event.role) ?? before.role;
  const leader = role === 'leader' ? event.node : textOf(event, 'leader');
  // The first event of a stream says also what earlier ones would have told.
  return event.durable === undefined ? { role, leader } : { role, leader, ...standingOf(before, event) };
}

function standingOf(before: NodeState, event: TraceEvent): Partial<NodeState> {
  return {
    vote: textOf(event, 'vote'),
    durable: numberOf(event, 'durable') ?? before.durable,
    logStart: numberOf(event, 'logStart') ?? before.logStart,
  };
}

function voteOf(before: NodeState, event: TraceEvent): Partial<NodeState> | null {
  const isVote = event.isGranted === true && event.isPreVote !== true;
  const life = before.life === 'up' ? null : { life: 'up' as const };
  return isVote ? { life: 'up', vote: textOf(event, 'candidate') } : life;
}

/** What came back from its disk. */
function startOf(event: TraceEvent): Partial<NodeState> {
  return {
    life: 'up',
    role: 'follower',
    leader: null,
    vote: textOf(event, 'vote'),
    durable: numberOf(event, 'durable') ?? event.index,
    logStart: numberOf(event, 'logStart') ?? 0,
    voters: namesOf(event, 'voters'),
    outgoing: namesOf(event, 'outgoing'),
    learners: namesOf(event, 'learners'),
  };
}

/** One field that an event has changed. */
export interface Change {
  readonly field: keyof NodeState;
  readonly before: NodeState[keyof NodeState];
  readonly after: NodeState[keyof NodeState];
}

/** What differs between two states of one node. */
export function changesBetween(before: NodeState, after: NodeState): Change[] {
  if (before === after) return [];
  const fields = Object.keys(after) as (keyof NodeState)[];
  return fields
    .filter((field) => String(before[field]) !== String(after[field]))
    .map((field) => ({ field, before: before[field], after: after[field] }));
}

/** What a lane looks like for a while. */
export type Look =
  | 'leader'
  | 'candidate'
  | 'pre-candidate'
  | 'follower'
  | 'learner'
  | 'paused'
  | 'down'
  | 'unreachable';

/** How a state is drawn; null before anything is known. */
export function lookOf({ life, role, member, learners }: NodeState): Look | null {
  if (life === 'unknown') return null;
  if (life !== 'up') return life;
  return role === 'follower' && learners.includes(member) ? 'learner' : role;
}
