/**
 * A crash-safe segmented log of record batches on disk.
 *
 * ```ts
 * import { openLog } from '@commitlog/log';
 * import { encodeBatch } from '@commitlog/record';
 * import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
 *
 * const log = await openLog({ dir: './data' }, { files: nodeFiles, clock: nodeClock });
 * await log.append(encodeBatch([{ value: Buffer.from('hello') }]));
 * for await (const record of log.records({ from: 'start' })) console.log(record.offset, record.value.toString());
 * await log.close();
 * ```
 *
 * @packageDocumentation
 */
export type { Damage } from './damage.js';
export { LogError, type LogErrorCode, type LogErrorFields } from './errors.js';
export type { CheckpointKey } from './format/checkpoint.js';
export { type HardState, initialHardState } from './format/hard-state.js';
export type { SealedSegment } from './format/manifest.js';
export type { Appended, AppendOptions, FollowRequest, Log } from './log.js';
export type { FetchBatches } from './mending.js';
export { inspectLog, type LogDescription, type SegmentDescription } from './offline/inspect.js';
export { type Finding, type Verification, type VerifySettings, verifyLog } from './offline/verify.js';
export { type LogComponents, openLog } from './open.js';
export { type LogPosition, origin } from './position.js';
export type { Cursor, ReadFrom, ReadRequest, Slice } from './reader.js';
export { type RetentionPolicy, retentionStart } from './retention.js';
export type { Target } from './segment.js';
export type { LogSettings } from './settings.js';
export { Watermark } from './watermark.js';
