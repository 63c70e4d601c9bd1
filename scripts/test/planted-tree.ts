import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../workspace.mjs';

/** A small workspace of its own under the project's real rules, to plant violations in. */
export interface PlantedTree {
  readonly folder: string;
  write(path: string, text: string): void;
  /** Runs a program of the workspace in the tree. */
  run(program: string, ...options: readonly string[]): { readonly exitCode: number | null; readonly output: string };
  remove(): void;
}

/** What the rules are made of: the real files, copied. */
const rules = [
  '.dependency-cruiser.mjs',
  '.oxlintrc.json',
  'package.json',
  'scripts/layers.mjs',
  'scripts/lint',
  'scripts/workspace.mjs',
  'tsconfig.base.json',
];

/**
 * Folders of the packages, and the packages of the workspace that each declares. `log` and `raft` declare each other, so that
 * it is the layer rule which refuses the import, and not that nothing is found.
 */
const packages: Readonly<Record<string, { dependencies?: readonly string[]; devDependencies?: readonly string[] }>> = {
  'packages/runtime': {},
  'packages/simulation': { dependencies: ['packages/runtime'] },
  'packages/record': {},
  'packages/log': {
    dependencies: ['packages/record', 'packages/runtime', 'packages/raft'],
    devDependencies: ['packages/simulation'],
  },
  'packages/raft': { dependencies: ['packages/record', 'packages/runtime', 'packages/log'] },
  'packages/api': { dependencies: ['packages/runtime'] },
  'packages/auth': {
    dependencies: ['packages/runtime'],
    devDependencies: ['packages/api', 'packages/raft', 'packages/simulation'],
  },
  'apps/cli': { dependencies: ['packages/log', 'packages/runtime'] },
};

/** A tree that breaks no rule: every package imports one that it may import. */
export function plantTree(): PlantedTree {
  const folder = mkdtempSync(join(tmpdir(), 'commitlog-rules-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const path of rules) cpSync(join(root, path), join(folder, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, { dependencies = [], devDependencies = [] }] of Object.entries(packages)) {
    const manifest = {
      name: nameOf(path),
      type: 'module',
      exports: {
        '.': { '@commitlog/source': './src/index.ts' },
        './node': { '@commitlog/source': './src/node/index.ts' },
      },
      dependencies: versions(dependencies),
      devDependencies: { ...versions(devDependencies), 'fast-check': '*' },
    };
    write(`${path}/package.json`, JSON.stringify(manifest));
    write(`${path}/tsconfig.json`, packageTsconfig);
    write(`${path}/src/index.ts`, `export * from './name.js';\n`);
    write(`${path}/src/name.ts`, `export const name = '${path}';\n`);
    mkdirSync(join(folder, path, 'node_modules/@commitlog'), { recursive: true });
    for (const other of [...dependencies, ...devDependencies]) {
      symlinkSync(join(folder, other), join(folder, path, 'node_modules', nameOf(other)));
    }
  }
  write('packages/runtime/src/node/index.ts', `export { readFileSync } from 'node:fs';\n`);
  write('packages/log/src/user.ts', `export { name } from '@commitlog/record';\n`);
  return {
    folder,
    write,
    run(program, ...options) {
      const { status, stdout, stderr } = spawnSync(program, options, { cwd: folder, encoding: 'utf8' });
      return { exitCode: status, output: stdout + stderr };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const packageTsconfig = JSON.stringify({
  extends: '../../tsconfig.base.json',
  compilerOptions: { noEmit: true, customConditions: ['@commitlog/source'] },
  include: ['src', 'test', 'bench', 'sim', 'examples'],
});

function nameOf(folder: string): string {
  return folder.replace(/^(packages|apps)/, '@commitlog');
}

function versions(folders: readonly string[]): Record<string, string> {
  return Object.fromEntries(folders.map((folder) => [nameOf(folder), 'workspace:^']));
}
