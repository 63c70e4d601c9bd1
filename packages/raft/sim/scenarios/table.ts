import { beyondScenarios } from './beyond.js';
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
];

/** Runs every scenario and prints what came of it. Returns whether all passed. */
export function printScenarios(isJson: boolean): boolean {
  const startedMs = performance.now();
  const results = scenarios.map((scenario) => {
    const problem = problemOf(scenario);
    return { name: scenario.name, source: scenario.source, passed: problem === null, problem };
  });
  const failed = results.filter((each) => !each.passed);
  for (const { name, problem } of failed) console.error(`${name}: ${problem}`);
  if (isJson) {
    console.log(JSON.stringify({ scenarios: results.map(({ name, source, passed }) => ({ name, source, passed })) }));
  } else {
    for (const { name, source, passed } of results)
      console.log(`${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(44)} ${source}`);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`${results.length - failed.length} of ${results.length} scenarios passed in ${seconds} s`);
  }
  return failed.length === 0;
}

function problemOf(scenario: Scenario): string | null {
  try {
    scenario.run();
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
