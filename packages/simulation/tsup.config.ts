import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'mutants/index': 'src/mutants/index.ts',
    'swarm/index': 'src/swarm/index.ts',
    main: 'src/main.ts',
  },
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  clean: true,
});
