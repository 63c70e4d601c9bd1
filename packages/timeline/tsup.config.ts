import { writeFileSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { viewer } from './build/viewer.js';

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  clean: true,
  external: ['#viewer'],
  // The page's script and style go out as two strings: who installs the package bundles nothing.
  onSuccess: async () =>
    writeFileSync('dist/viewer.js', `export const viewer = () => (${JSON.stringify(viewer())});\n`),
});
