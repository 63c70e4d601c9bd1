/**
 * The outside world as interfaces, small enough that a simulation can stand in for each. Node's own are behind
 * `@commitlog/runtime/node`, so that a pure package never loads them.
 *
 * @packageDocumentation
 */
export type { Clock, Timer } from './clock.js';
export { type Files, hasErrorCode, type Lock, LockedError, type OpenFile, type OpenMode } from './files.js';
export type { Address, ByteStream, DatagramSocket, Datagrams, StreamListener, Streams } from './network.js';
export { type Random, randomBelow } from './random.js';
