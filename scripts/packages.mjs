/**
 * Checks the packages as they would be published: packs each, and asks of the archive whether its exports resolve (publint),
 * whether types go with them (attw), and whether there is a README. Needs a build.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, workspacePackages } from './workspace.mjs';

/** Runs a tool of ours on an archive. */
function passes(/** @type {string} */ tool, /** @type {string[]} */ options) {
  return spawnSync(join(root, 'node_modules/.bin', tool), options, { cwd: root, stdio: 'inherit' }).status === 0;
}

/** @type {(published: import('./workspace.mjs').Package) => string[]} */
function problemsOf({ folder, name, exports }) {
  const packed = mkdtempSync(join(tmpdir(), 'commitlog-pack-'));
  try {
    execFileSync('pnpm', ['pack', '--pack-destination', packed], { cwd: join(root, folder), stdio: 'ignore' });
    const [archive] = readdirSync(packed);
    if (archive === undefined) return [`${name}: pnpm packed nothing`];
    const path = join(packed, archive);
    const problems = [];
    if (!existsSync(join(root, folder, 'README.md'))) problems.push(`${name}: no README.md`);
    if (!passes('publint', ['run', path, '--strict'])) problems.push(`${name}: publint`);
    // A command without a module to import has no types.
    const isImportable = Object.keys(exports).some((subpath) => subpath !== './package.json');
    const attw = [path, '--profile', 'esm-only', '--no-color', '--no-emoji', '--format', 'ascii', '--no-summary'];
    if (isImportable && !passes('attw', attw)) problems.push(`${name}: attw`);
    return problems;
  } finally {
    rmSync(packed, { recursive: true });
  }
}

const published = workspacePackages().filter(({ isPrivate }) => !isPrivate);
const problems = published.flatMap(problemsOf);
if (published.length === 0) problems.push('no package to publish was found');
for (const problem of problems) console.error(problem);
console.log(`packages: ${published.length} packed, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
