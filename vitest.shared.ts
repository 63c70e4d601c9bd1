import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** What every package's tests share: they run from source, in processes of their own, and leave their counts as JSON. */
const shared: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions: ['@commitlog/source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // The files of a suite share their modules: loading them anew for each file took longer than many of their tests.
    isolate: false,
    testTimeout: 30_000,
    setupFiles: [fileURLToPath(new URL('./scripts/seed-tests.ts', import.meta.url))],
    reporters: ['default', ['json', { outputFile: '.results/vitest.json' }]],
  },
});
export default shared;
