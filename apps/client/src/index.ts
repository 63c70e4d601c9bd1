/**
 * The client SDK of Commitlog, for Node.js: append records, exactly once; read them back, without a gap or a repeat.
 *
 * ```ts
 * await using log = await connect({ servers: 'n1.example:8400', tls: { ca, cert, key }, codec: text() });
 * const { offset } = await log.append('hello');
 * for await (const record of log.read({ from: { offset } })) console.log(record.offset, record.value);
 * ```
 *
 * @packageDocumentation
 */
export { bytes, type Codec, json, text } from './codec.js';
export type { AppendOptions, Cluster, ClusterServer, Commitlog, GetOptions } from './commitlog.js';
export { type AppendOutcome, CommitlogError, type CommitlogErrorCode, type CommitlogErrorValues } from './errors.js';
export { connect } from './node/connect.js';
export type { Producer, ProducerSettings } from './producer.js';
export type { ReadFrom, Reading, ReadOptions } from './reading.js';
export type { Appended, BatchPlace, HeadersInput, LogRecord, Position, RecordBatch, RecordOptions } from './record.js';
export type { ConnectSettings, TlsSettings } from './settings.js';
