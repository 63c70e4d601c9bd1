/**
 * One log that a quorum agrees on: Raft, whose log is a commit log.
 *
 * ```ts
 * const log = await ReplicatedLog.open({ id: 'drinks', node: 'a', dir: './data', founders }, { host, files, clock, random });
 * const { producerId, producerEpoch } = await log.openProducer();
 * const { offset } = await log.append(encodeBatch([{ value: Buffer.from('tea') }], { producerId, producerEpoch, baseSequence: 0 }));
 * for await (const record of log.records({ from: { offset } })) console.log(record.value.toString());
 * ```
 *
 * @packageDocumentation
 */
export type { LogDescription } from './administration.js';
export { BatchFormat, type BatchFormatComponents } from './batch-format.js';
export type { Batches } from './data-runs.js';
export { ReplicatedLogError, type ReplicatedLogErrorCode, type ReplicatedLogErrorFields } from './errors.js';
export { memberIdBytesMax } from './founding.js';
export type { AppendResult } from './in-flight.js';
export { logMachine } from './log-machine.js';
export type { LogState } from './log-state.js';
export { LogStorage, type LogStorageComponents, type LogStorageSettings } from './log-storage.js';
export { producersMaxDefault } from './producer-table.js';
export { batchesMax as producerBatchesMax } from './producer-window.js';
export type { ReadFrom, ReadOptions } from './reader.js';
export {
  type AppendOptions,
  type Member,
  type OpenedProducer,
  type OpenProducerOptions,
  ReplicatedLog,
  type ReplicatedLogComponents,
  type ReplicatedLogSettings,
} from './replicated-log.js';
export { Reserve } from './reserve.js';
export type { RetentionSettings } from './retention.js';
export type { ScrubProblem, ScrubProgress, ScrubSettings } from './scrub.js';
export { SideFile } from './side-file.js';
