import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { main: 'src/main.ts', 'agent-process': 'src/node/agent-process.ts' },
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  clean: true,
});
