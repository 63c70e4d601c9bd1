import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that everything is in. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Where the packages are, from the root. */
export const packageFolders = ['packages', 'apps'];

/**
 * @typedef {object} Package
 * @property {string} folder from the root, such as `packages/log`
 * @property {string} name
 * @property {boolean} isPrivate never published
 * @property {Record<string, unknown>} exports
 * @property {Record<string, string>} dependencies
 * @property {Record<string, string>} scripts
 */

/** @returns {Package[]} every package of the workspace, in the order of their folders */
export function workspacePackages() {
  const folders = packageFolders.flatMap((parent) =>
    readdirSync(join(root, parent)).map((child) => `${parent}/${child}`),
  );
  return folders.flatMap((folder) => {
    const path = join(root, folder, 'package.json');
    if (!existsSync(path)) return [];
    const { private: isPrivate = false, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
    const { name, exports = {}, dependencies = {}, scripts = {} } = manifest;
    return [{ folder, name, isPrivate, exports, dependencies, scripts }];
  });
}
