/**
 * What the `Log` interface promises, as cases that run against any implementation of it, under any test runner:
 *
 * ```ts
 * import { logConformance } from '@commitlog/log/conformance';
 *
 * for (const { name, run } of logConformance) {
 *   it(name, () => run(async (settings) => {
 *     const open = () => openMyLog({ ...settings, dir });
 *     return { log: await open(), reopen: open };
 *   }));
 * }
 * ```
 *
 * A case that fails throws an `AssertionError`. Cases share nothing, and none of them waits for time to pass.
 *
 * @packageDocumentation
 */
import { appendingCases } from './appending.js';
import type { ConformanceCase } from './case.js';
import { changingCases } from './changing.js';
import { followingCases } from './following.js';
import { lookingUpCases } from './looking-up.js';
import { openingCases } from './opening.js';
import { readingCases } from './reading.js';
import { rememberingCases } from './remembering.js';

export type { ConformanceCase, ConformanceSettings, FreshLog, OpenFresh } from './case.js';

/** Every case, in the order in which a new implementation best makes them pass. */
export const logConformance: readonly ConformanceCase[] = [
  ...openingCases,
  ...appendingCases,
  ...readingCases,
  ...lookingUpCases,
  ...followingCases,
  ...changingCases,
  ...rememberingCases,
];
