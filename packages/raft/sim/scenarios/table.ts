import { beyondScenarios } from './beyond.js';
import { diskScenarios } from './disks.js';
import { elibenScenarios } from './eliben.js';
import { hashicorpScenarios } from './hashicorp.js';
import { mitScenarios } from './mit.js';
import { paperScenarios } from './paper.js';
import type { Scenario } from './scenario.js';

export const scenarios: readonly Scenario[] = [
  ...paperScenarios,
  ...mitScenarios,
  ...elibenScenarios,
  ...hashicorpScenarios,
  ...beyondScenarios,
  ...diskScenarios,
];

/** What is wrong with the outcome of a scenario, or null. */
export function problemOf(scenario: Scenario): string | null {
  try {
    scenario.run();
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
