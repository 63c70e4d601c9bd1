/**
 * The outside world as a deterministic simulation: time that moves when told to, numbers from a seed, a disk that loses power,
 * and a network that misbehaves.
 *
 * @packageDocumentation
 */
export { SimulatedClock, type SimulatedClockInit } from './clock.js';
export {
  type CrashOptions,
  type CrashState,
  type DiskImage,
  type Failure,
  type Fault,
  faults,
  type InjectedFailure,
  type Operation,
  type OperationMethod,
  PosixError,
  PowerCutError,
  SimulatedDisk,
  type SimulatedDiskInit,
  type SyncStall,
} from './disk/index.js';
export { SeededRandom } from './random.js';
export { seedsFrom } from './seeds.js';
export { EventQueue, type LinkQuality, SimulatedNetwork, Sometimes } from './world/index.js';
