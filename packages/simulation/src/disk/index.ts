export { type CrashOptions, type CrashState, SimulatedDisk, type SimulatedDiskInit } from './disk.js';
export type { Failure, InjectedFailure } from './failure.js';
export { type Fault, faults } from './fault.js';
export { PowerCutError, type SyncStall } from './gate.js';
export type { DiskImage } from './image.js';
export type { Operation, OperationMethod } from './operation.js';
export { PosixError } from './posix-error.js';
