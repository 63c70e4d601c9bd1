/**
 * Raft whose log is a commit log: a Raft entry is a record batch, and the segmented log is Raft's log.
 *
 * @packageDocumentation
 */
export { BatchFormat, type BatchFormatComponents } from './batch-format.js';
export { memberIdBytesMax } from './founding.js';
export { logMachine } from './log-machine.js';
export { LogStorage, type LogStorageComponents, type LogStorageSettings } from './log-storage.js';
