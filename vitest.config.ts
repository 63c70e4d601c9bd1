import { defineConfig } from 'vitest/config';

/** All suites at once, for editors, for coverage and for `vitest run <part of a path>`; `npm test` runs them package by package. */
export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'scripts'],
    coverage: { provider: 'v8', include: ['{packages,apps}/*/src/**/*.ts'] },
  },
});
