import { brokenLink } from './broken-link.js';
import { firewalled } from './firewalled.js';
import { givenUp } from './given-up.js';
import { lossyLeave } from './lossy-leave.js';
import { stalledOfThree } from './stalled.js';
import { unheardObjection } from './unheard-objection.js';

/** Small clusters in one certain kind of trouble each, beside the large ones in any. */
export const drills: readonly ((seed: string) => void)[] = [
  stalledOfThree,
  firewalled,
  brokenLink,
  givenUp,
  lossyLeave,
  unheardObjection,
];
