import { expect, test } from 'vitest';
import { scenarios } from '../../sim/scenarios/table.js';
import { leaveTimelineOfScenario } from './leave-timeline.js';

test('every scenario has a name of its own, and there are 114', () => {
  expect(new Set(scenarios.map((scenario) => scenario.name)).size).toBe(114);
});

for (const scenario of scenarios) {
  test(`${scenario.source}: ${scenario.name}`, ({ onTestFailed }) => {
    onTestFailed(() => {
      const file = leaveTimelineOfScenario(scenario);
      if (file !== null) console.error(`its timeline: ${file}`);
    });
    scenario.run();
  });
}
