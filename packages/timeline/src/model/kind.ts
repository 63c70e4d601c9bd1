import type { TraceEvent } from '../trace/event.js';

/** What events are filtered and drawn by. */
export type Kind =
  | 'role'
  | 'vote'
  | 'append'
  | 'commit'
  | 'configuration'
  | 'snapshot'
  | 'read'
  | 'life'
  | 'network'
  | 'violation'
  | 'election message'
  | 'log message'
  | 'heartbeat'
  | 'other message'
  | 'other';

/** In the order in which they are offered. */
export const kinds: readonly Kind[] = [
  'role',
  'vote',
  'append',
  'commit',
  'configuration',
  'snapshot',
  'read',
  'life',
  'network',
  'violation',
  'election message',
  'log message',
  'heartbeat',
  'other message',
  'other',
];

const ofEvent: Readonly<Record<string, Kind>> = {
  role: 'role',
  transfer: 'role',
  vote: 'vote',
  append: 'append',
  truncate: 'append',
  persisted: 'append',
  'write-failed': 'append',
  commit: 'commit',
  configuration: 'configuration',
  snapshot: 'snapshot',
  repair: 'snapshot',
  read: 'read',
  start: 'life',
  crash: 'life',
  pause: 'life',
  resume: 'life',
  unreachable: 'life',
  partition: 'network',
  heal: 'network',
  gap: 'network',
  violation: 'violation',
};

/** The kind of an event that is no message's end. */
export function kindOf({ event }: TraceEvent): Kind {
  return Object.hasOwn(ofEvent, event) ? ofEvent[event]! : 'other';
}

/** The kind of a message by its own name. */
export function messageKindOf(name: string): Kind {
  if (name.includes('vote') || name === 'timeout-now' || name === 'stale-term') return 'election message';
  if (name.startsWith('append') || name === 'commit-notice') return 'log message';
  return name.startsWith('heartbeat') ? 'heartbeat' : 'other message';
}
