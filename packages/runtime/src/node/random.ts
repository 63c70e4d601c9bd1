import { randomBytes } from 'node:crypto';
import type { Random } from '../random.js';

/** The operating system's random numbers, good enough for keys. */
export const nodeRandom: Random = {
  uint32: () => randomBytes(4).readUInt32LE(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};
