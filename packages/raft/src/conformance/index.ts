/**
 * Suites for whoever implements `RaftStorage` or `RaftTransport`: lists of named cases, to be run by any test runner.
 *
 * @packageDocumentation
 */
export { type ConformanceCase, type StorageUnderTest, storageConformance } from './storage.js';
export { type TransportUnderTest, transportConformance } from './transport.js';
