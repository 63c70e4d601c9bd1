import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { Machine } from '../world.js';

export function machine(): Machine {
  return {
    system: `${type()} ${release()}, ${arch()}`,
    node: process.versions.node,
    cpu: cpus()[0]?.model.trim() || 'unknown make',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}
