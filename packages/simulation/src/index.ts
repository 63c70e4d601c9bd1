/**
 * The outside world as a deterministic simulation: time that moves when told to, numbers from a seed, a network that
 * misbehaves.
 *
 * @packageDocumentation
 */
export { SimulatedClock, type SimulatedClockInit } from './clock.js';
export { SeededRandom } from './random.js';
export * from './world/index.js';
