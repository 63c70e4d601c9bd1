/**
 * Checks the layers (.dependency-cruiser.mjs), and that the check has seen what it judges: a layer checker that reads no
 * files, or finds no imports in them, reports no violations either.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import config, { forbidden } from '../.dependency-cruiser.mjs';
import { packageFolders, root, workspacePackages } from './workspace.mjs';

/** @returns {string[]} every TypeScript and JavaScript file of the workspace, as a path from the root */
function filesOnDisk() {
  const notOurs = new Set(['node_modules', 'dist', 'coverage']);
  /** @type {(folder: string) => string[]} */
  const filesIn = (folder) =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : filesIn(path);
      return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
    });
  return packageFolders.flatMap(filesIn);
}

/** Whether a file imports something, by the look of it: a second opinion, independent of any parser. */
function looksLikeImporting(/** @type {string} */ path) {
  return /^(import|export)\b[^;'"=]*\bfrom ['"]/m.test(readFileSync(join(root, path), 'utf8'));
}

/**
 * @param {import('dependency-cruiser').IModule[]} modules
 * @returns {string[]} what makes the result worthless
 */
function blindSpots(modules) {
  const files = filesOnDisk();
  if (files.length === 0) return [`no files read: there is no source file in ${packageFolders.join(' or ')}`];
  const dependencies = new Map(modules.map((module) => [module.source, module.dependencies.length]));
  return files.flatMap((file) => {
    if (!dependencies.has(file)) return [`file not read: ${file}`];
    if (dependencies.get(file) === 0 && looksLikeImporting(file)) return [`imports not seen: ${file}`];
    return [];
  });
}

/**
 * Source that uses another package of the workspace must have it among its `dependencies`. The cruiser tells npm's packages
 * apart, but sees a package of the workspace as a mere path.
 *
 * @param {import('dependency-cruiser').IModule[]} modules
 */
function undeclared(modules) {
  return workspacePackages().flatMap(({ folder, dependencies }) => {
    const sources = modules.filter(({ source }) => source.startsWith(`${folder}/src/`));
    return sources.flatMap(({ source, dependencies: imports }) =>
      imports
        .flatMap(({ module }) => /^@commitlog\/[^/]+/.exec(module)?.[0] ?? [])
        .filter((wanted) => !(wanted in dependencies))
        .map((wanted) => `declared: ${source} → ${wanted}\n    not among the dependencies in ${folder}/package.json`),
    );
  });
}

process.chdir(root);
const { output } = await cruise(packageFolders, { ...config.options, validate: true, ruleSet: { forbidden } });
if (typeof output === 'string') throw new Error(`expected the cruiser's result as data, got: ${output}`);
const { modules, summary } = output;
const comments = new Map(forbidden.map(({ name, comment }) => [name, comment]));

const problems = [
  ...blindSpots(modules),
  ...summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}\n    ${comments.get(rule.name)}`),
  ...undeclared(modules),
];
for (const problem of problems) console.error(problem);
const read = `${summary.totalCruised} modules, ${summary.totalDependenciesCruised ?? 0} dependencies`;
console.log(problems.length === 0 ? `layers: ${read}, all going down` : `layers: ${read}, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
