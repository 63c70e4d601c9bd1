export {
  bootstrapEntry,
  type Configuration,
  decodeConfiguration,
  emptyConfiguration,
  encodeConfiguration,
  isJoint,
  isVoter,
  type Membership,
  membersOf,
  type PlacedConfiguration,
} from './configuration.js';
export { type CoreStatus, type MemberStatus, RaftCore } from './core.js';
export {
  type Effect,
  emptyState,
  type HardState,
  type Input,
  type PersistEffect,
  type RefusalReason,
  type Role,
  type StoredState,
} from './effect.js';
export { type Entry, type EntryType, entryBytes, type Index, type Term } from './entry.js';
export { type EntryFormat, plainFormat } from './entry-format.js';
export { InvariantError } from './invariant.js';
export { type MemberId, memberId, nodeOf, storageOf } from './member.js';
export { type DurableMessage, isBulk, isSnapshotPart, type Message, type VolatileMessage } from './message.js';
export { type CoreSettings, checkSettings, defaultSettings } from './settings.js';
export type { SnapshotMeta } from './snapshot-meta.js';
export type { TraceEvent, TraceKind, TraceSink } from './trace.js';
export type { WriteNumber } from './writes.js';
