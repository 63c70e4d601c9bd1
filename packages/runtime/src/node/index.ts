/**
 * The outside world as Node.js gives it.
 *
 * @packageDocumentation
 */
export { nodeClock } from './clock.js';
export { nodeDatagrams } from './datagrams.js';
export { nodeFiles } from './files.js';
export { freePorts } from './free-ports.js';
export { nodeRandom } from './random.js';
export { nodeStreams } from './streams.js';
