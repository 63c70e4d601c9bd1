/**
 * Suites for whoever implements `RaftStorage` or `RaftTransport`: lists of named cases, to be run by any test runner.
 *
 * @packageDocumentation
 */
export type { ConformanceCase, StorageUnderTest } from './case.js';
export { storageConformance } from './storage.js';
export { type TransportUnderTest, transportConformance } from './transport.js';
