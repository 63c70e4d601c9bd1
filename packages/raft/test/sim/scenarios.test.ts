import { expect, test } from 'vitest';
import { scenarios } from '../../sim/scenarios/table.js';

test('every scenario has a name of its own, and there are 114', () => {
  expect(new Set(scenarios.map((scenario) => scenario.name)).size).toBe(114);
});

for (const { name, source, run } of scenarios) test(`${source}: ${name}`, run);
