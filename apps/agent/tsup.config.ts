import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', main: 'src/main.ts', program: 'src/node/program.ts' },
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  clean: true,
});
