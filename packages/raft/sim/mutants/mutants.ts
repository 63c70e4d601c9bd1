import { agreement } from './agreement.js';
import { disks } from './disks.js';
import { driver } from './driver.js';
import type { Mutant } from './mutant.js';

/** Every planted bug. */
export const mutants: readonly Mutant[] = [...agreement, ...disks, ...driver];
