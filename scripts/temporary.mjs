/**
 * Temporary directories of a program that measures or tests: gone when it ends, also when it fails or is told to stop.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** @type {Set<string>} */
const made = new Set();

/**
 * @param {string} prefix of its name
 * @param {string} parent where it is made; the system's place for temporary files unless told
 * @returns {{ readonly path: string, readonly remove: () => void }} `remove` is for who wants it gone earlier
 */
export function temporaryDirectory(prefix, parent = tmpdir()) {
  watchTheEnd();
  const path = mkdtempSync(join(parent, prefix));
  made.add(path);
  return { path, remove: () => remove(path) };
}

/** @param {string} path */
function remove(path) {
  rmSync(path, { recursive: true, force: true });
  made.delete(path);
}

let isWatching = false;

function watchTheEnd() {
  if (isWatching) return;
  isWatching = true;
  process.on('exit', () => {
    for (const path of made) remove(path);
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
