import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A change of one core file: `find` must occur in it exactly once. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * Builds the swarm's worker as one file, with patches applied to the core on the way: the sources themselves never change.
 *
 * @returns the path of the bundle
 */
export async function bundleWorker(patches: readonly Patch[]): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'raft-sim-')), 'worker.mjs');
  const applied = new Set<Patch>();
  await build({
    entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@commitlog/source'],
    outfile,
    logLevel: 'error',
    plugins: [
      {
        name: 'patches',
        setup({ onLoad }) {
          onLoad({ filter: /packages\/raft\/src\/core\/[^/]+\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, 'utf8');
            for (const patch of patches) {
              if (!path.endsWith(`/core/${patch.file}`)) continue;
              if (contents.split(patch.find).length !== 2) {
                throw new Error(`a patch of ${patch.file} must match exactly once: ${patch.find}`);
              }
              contents = contents.replace(patch.find, () => patch.replace);
              applied.add(patch);
            }
            return { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  if (applied.size !== patches.length) throw new Error('a patch names a file that the core does not have');
  return outfile;
}
