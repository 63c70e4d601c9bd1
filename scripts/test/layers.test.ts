import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PlantedTree, plantTree } from './planted-tree.js';

const planted: PlantedTree[] = [];
const plant = (): PlantedTree => {
  const tree = plantTree();
  planted.push(tree);
  return tree;
};
const checkLayers = (tree: PlantedTree) => tree.run('node', 'scripts/layers.mjs');

interface Violation {
  readonly what: string;
  readonly path: string;
  readonly source: string;
  /** Other files that it takes. */
  readonly and?: Readonly<Record<string, string>>;
  /** How the failure must name it. */
  readonly named: string;
}

const violations: readonly Violation[] = [
  {
    what: 'an import upwards',
    path: 'packages/log/src/upward.ts',
    source: `export { name } from '@commitlog/raft';`,
    named: 'imports-go-down (log): packages/log/src/upward.ts → packages/raft/src/index.ts',
  },
  {
    what: 'an import upwards, of types only',
    path: 'packages/log/src/upward-types.ts',
    source: `import type { name } from '@commitlog/raft';\nexport type Name = typeof name;`,
    named: 'imports-go-down (log): packages/log/src/upward-types.ts → packages/raft/src/index.ts',
  },
  {
    what: 'an import upwards, at run time only',
    path: 'packages/log/src/upward-lazily.ts',
    source: `export const raft = import('@commitlog/raft');`,
    named: 'imports-go-down (log): packages/log/src/upward-lazily.ts → packages/raft/src/index.ts',
  },
  {
    what: 'an import of a sibling',
    path: 'packages/raft/src/sibling.ts',
    source: `export { name } from '@commitlog/log';`,
    named: 'imports-go-down (raft): packages/raft/src/sibling.ts → packages/log/src/index.ts',
  },
  {
    what: "a test's import upwards",
    path: 'packages/log/test/upward.test.ts',
    source: `export { name } from '@commitlog/raft';`,
    named: 'imports-go-down (tests of log): packages/log/test/upward.test.ts → packages/raft/src/index.ts',
  },
  {
    what: "a test's import of what the hostile suite alone may use",
    path: 'packages/auth/test/served.test.ts',
    source: `export { name } from '@commitlog/api';`,
    named: 'imports-go-down (tests of auth): packages/auth/test/served.test.ts → packages/api/src/index.ts',
  },
  {
    what: "a hostile suite's import of what it needs not",
    path: 'packages/auth/hostile/upward.ts',
    source: `export { name } from '@commitlog/raft';`,
    named: 'imports-go-down (hostile suite of auth): packages/auth/hostile/upward.ts → packages/raft/src/index.ts',
  },
  {
    what: 'a package without a layer',
    path: 'packages/newcomer/src/index.ts',
    source: `export { name } from './name.js';`,
    named: 'package-in-the-table: packages/newcomer/src/index.ts → packages/newcomer/src/name.ts',
  },
  {
    what: 'the simulation in sources',
    path: 'packages/log/src/simulated.ts',
    source: `export { name } from '@commitlog/simulation';`,
    named: 'simulation-is-for-tests: packages/log/src/simulated.ts → packages/simulation/src/index.ts',
  },
  {
    what: "Node's world in a package",
    path: 'packages/log/src/worldly.ts',
    source: `export { readFileSync } from '@commitlog/runtime/node';`,
    named: 'node-comes-in-through-main: packages/log/src/worldly.ts → packages/runtime/src/node/index.ts',
  },
  {
    what: "Node's world in runtime's own interfaces",
    path: 'packages/runtime/src/worldly.ts',
    source: `export { readFileSync } from './node/index.js';`,
    named: 'node-comes-in-through-main: packages/runtime/src/worldly.ts → packages/runtime/src/node/index.ts',
  },
  {
    what: "Node's world in a simulated cluster",
    path: 'packages/log/sim/worldly.ts',
    source: `export { readFileSync } from '@commitlog/runtime/node';`,
    named: 'node-comes-in-through-main: packages/log/sim/worldly.ts → packages/runtime/src/node/index.ts',
  },
  {
    what: 'a relative path into another package',
    path: 'packages/log/src/reaching.ts',
    source: `export { name } from '../../record/src/name.js';`,
    named: 'by-name-not-by-path: packages/log/src/reaching.ts → packages/record/src/name.ts',
  },
  {
    what: "a test's relative path into another package",
    path: 'packages/log/test/reaching.test.ts',
    source: `export { name } from '../../record/src/name.js';`,
    named: 'by-name-not-by-path: packages/log/test/reaching.test.ts → packages/record/src/name.ts',
  },
  {
    what: 'a file that another package does not export',
    path: 'packages/log/src/undisclosed.ts',
    source: `export { name } from '@commitlog/record/src/name.js';`,
    named: 'found: packages/log/src/undisclosed.ts → @commitlog/record/src/name.js',
  },
  {
    what: 'sources that import a test',
    path: 'packages/log/src/tested.ts',
    source: `export { name } from '../test/upward.test.js';`,
    named: 'sources-stand-alone: packages/log/src/tested.ts → packages/log/test/upward.test.ts',
  },
  {
    what: 'sources that import a script of the project',
    path: 'packages/log/src/scripted.ts',
    source: `export { root } from '../../../scripts/workspace.mjs';`,
    named: 'sources-stand-alone: packages/log/src/scripted.ts → scripts/workspace.mjs',
  },
  {
    what: 'two files that import each other',
    path: 'packages/log/src/circular.ts',
    source: `import { name } from './index.js';\nexport * from './circular-too.js';\nexport { name };`,
    and: { 'packages/log/src/circular-too.ts': `export type { name as Other } from './circular.js';` },
    named: 'no-cycles: packages/log/src/circular-too.ts → packages/log/src/circular.ts',
  },
  {
    what: 'an undeclared package from the registry',
    path: 'packages/log/src/undeclared.ts',
    source: `export { Cause } from 'nowhere-declared';`,
    named: 'found: packages/log/src/undeclared.ts → nowhere-declared',
  },
  {
    what: 'an undeclared package that happens to be installed',
    path: 'packages/log/src/hoisted.ts',
    source: `export * from 'esbuild-like';`,
    and: {
      'packages/log/node_modules/esbuild-like/package.json': '{ "name": "esbuild-like", "main": "index.js" }',
      'packages/log/node_modules/esbuild-like/index.js': '',
    },
    named: 'declared: packages/log/src/hoisted.ts → packages/log/node_modules/esbuild-like/index.js',
  },
  {
    what: 'an undeclared package of the workspace',
    path: 'apps/cli/src/undeclared.ts',
    source: `export { name } from '@commitlog/record';`,
    named: 'declared: apps/cli/src/undeclared.ts → @commitlog/record',
  },
  {
    what: 'a package of the workspace that is declared for tests only',
    path: 'packages/log/src/simulated.ts',
    source: `export { name } from '@commitlog/simulation';`,
    named: 'declared: packages/log/src/simulated.ts → @commitlog/simulation',
  },
  {
    what: 'sources that use a devDependency',
    path: 'packages/log/src/property.ts',
    source: `export { default } from 'fast-check';`,
    named: 'sources-use-dependencies: packages/log/src/property.ts → ',
  },
];

/** What tests, benches, simulations and mains may import, and sources may not. */
const permitted: Readonly<Record<string, string>> = {
  'packages/log/test/free.test.ts': `import '@commitlog/simulation';\nimport '@commitlog/runtime/node';\nimport 'fast-check';`,
  'packages/log/bench/main.ts': `import '@commitlog/simulation';\nimport '@commitlog/runtime/node';`,
  'packages/log/sim/cluster.ts': `import '@commitlog/simulation';\nimport '@commitlog/record';`,
  'packages/log/sim/main.ts': `import '@commitlog/runtime/node';\nimport './cluster.js';`,
  'packages/log/examples/append.ts': `import '@commitlog/runtime/node';\nimport '@commitlog/log';`,
  'packages/auth/hostile/server/main.ts': `import '@commitlog/api';\nimport '@commitlog/simulation';`,
  'apps/cli/src/main.ts': `import '@commitlog/runtime/node';\nimport '@commitlog/log';`,
};

afterEach(() => {
  for (const tree of planted.splice(0)) tree.remove();
});

describe('the layer check', () => {
  let result: ReturnType<typeof checkLayers>;

  beforeAll(() => {
    const tree = plantTree();
    for (const { path, source, and = {} } of violations) {
      tree.write(path, `${source}\n`);
      for (const [other, text] of Object.entries(and)) tree.write(other, `${text}\n`);
    }
    tree.write('packages/newcomer/package.json', '{ "name": "@commitlog/newcomer" }');
    tree.write('packages/newcomer/src/name.ts', `export const name = 'newcomer';\n`);
    result = checkLayers(tree);
    tree.remove();
  });

  it.each(violations)('names $what', ({ named }) => {
    expect(result.output).toContain(named);
  });

  it('fails when there is a violation', () => {
    expect(result.exitCode).toBe(1);
  });

  it('passes a tree without violations, and says what it read', () => {
    const tree = plant();
    for (const [path, source] of Object.entries(permitted)) tree.write(path, `${source}\n`);
    const { exitCode, output } = checkLayers(tree);
    expect(output).toMatch(/^layers: \d+ modules, \d+ dependencies, all going down\n$/);
    expect(exitCode).toBe(0);
  });

  it('fails when there are no files', () => {
    const tree = plant();
    for (const parent of ['packages', 'apps']) {
      rmSync(join(tree.folder, parent), { recursive: true });
      tree.write(`${parent}/README.md`, 'Nothing here.\n');
    }
    const { exitCode, output } = checkLayers(tree);
    expect(output).toContain('no files read');
    expect(exitCode).toBe(1);
  });

  it('fails when the cruiser read no files', () => {
    const tree = plant();
    withOption(tree, `exclude: 'src'`);
    const { exitCode, output } = checkLayers(tree);
    expect(output).toContain('file not read: packages/log/src/index.ts');
    expect(exitCode).toBe(1);
  });

  it('fails when the cruiser saw no imports', () => {
    const tree = plant();
    withOption(tree, `exclude: { dynamic: false }`);
    const { exitCode, output } = checkLayers(tree);
    expect(output).toContain('imports not seen: packages/log/src/index.ts');
    expect(exitCode).toBe(1);
  });
});

/** Adds an option to the cruiser's configuration that the project's does not have. */
function withOption(tree: PlantedTree, option: string): void {
  renameSync(join(tree.folder, '.dependency-cruiser.mjs'), join(tree.folder, 'real.mjs'));
  tree.write(
    '.dependency-cruiser.mjs',
    `import config, { forbidden } from './real.mjs';
export { forbidden };
export default { ...config, options: { ...config.options, ${option} } };
`,
  );
}
