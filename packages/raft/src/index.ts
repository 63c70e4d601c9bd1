/**
 * Raft: a pure core that decides, and a small driver that gives it disk, network and time.
 *
 * @packageDocumentation
 */
export * from './core/index.js';
export * from './driver/index.js';
export * from './memory/index.js';
