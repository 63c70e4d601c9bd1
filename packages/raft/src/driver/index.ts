export { NoSpaceError, RaftError, type RaftErrorCode, UnreadableError } from './errors.js';
export { RaftGroup } from './group.js';
export type { GroupComponents, GroupInit } from './group-init.js';
export { type HostComponents, type HostInit, RaftHost } from './host.js';
export type { MachineSnapshot, StateMachine } from './machine.js';
export type { Problem, ProblemSink } from './problem.js';
export type { ProposalOutcome } from './proposals.js';
export type { RaftStorage, StorageOperation } from './storage.js';
export type { Envelope, Lane, RaftTransport } from './transport.js';
