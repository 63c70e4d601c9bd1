/** The smallest simulation: what `pnpm sim NAME` does is tried on it. */
import { integerFlag } from '../../../../../scripts/flags.mjs';
import { runSimulation } from '../../../src/main.js';
import { Summary, type Took } from '../../../src/swarm/index.js';
import type { ToyResult } from './run.js';

class ToySummary extends Summary<ToyResult> {
  report({ cores }: Took): object {
    return { seeds: this.seeds, violations: this.violations, cores };
  }
}

await runSimulation(
  {
    name: 'toy',
    usage: 'usage: toy',
    isTraced: true,
    mutants: [
      {
        name: 'always-wrong',
        trap: 'coins never fall',
        patches: [{ file: 'rule.ts', find: 'coins === 13', replace: 'coins > 0' }],
      },
      { name: 'harmless', trap: 'none', patches: [{ file: 'rule.ts', find: '13', replace: '14' }] },
    ],
    seedsForMutants: 5,
    workerOf: () => ({
      entry: new URL('./worker/main.ts', import.meta.url),
      sources: new URL('./src/', import.meta.url),
    }),
    newSummary: () => new ToySummary(1_000),
    about: ({ coins }: ToyResult) => `${coins} coins`,
    modes: { rules: ({ isJson }) => isJson },
  },
  { integerFlag, commitSeed: () => 1 },
);
