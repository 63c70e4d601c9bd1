import { build } from 'esbuild';
import type { Patch } from './mutant.js';

export interface BundleInit {
  /** The path of the worker's main. */
  readonly entry: string;
  /** Where the bundle goes. */
  readonly outfile: string;
  /** The folder of sources that patches are of, with a slash at its end. */
  readonly sources: string;
  readonly patches: readonly Patch[];
}

/**
 * Builds a swarm's worker as one file, with patches applied on the way: the sources themselves never change.
 *
 * @throws Error when a patch does not match exactly once
 */
export async function bundleWorker(
  { entry, outfile, sources, patches }: BundleInit,
  { read }: { readonly read: (path: string) => string },
): Promise<void> {
  const applied = new Set<Patch>();
  await build({
    entryPoints: [entry],
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
        setup: (plugin) => {
          plugin.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const own = patches.filter(({ file }) => path === sources + file);
            if (own.length === 0) return undefined;
            for (const patch of own) applied.add(patch);
            return { contents: own.reduce(patched, read(path)), loader: 'ts' };
          });
        },
      },
    ],
  });
  const [missed] = patches.filter((patch) => !applied.has(patch));
  if (missed !== undefined) throw new Error(`a patch is of ${missed.file}, which the worker does not import`);
}

function patched(source: string, { file, find, replace }: Patch): string {
  if (source.split(find).length !== 2) throw new Error(`a patch of ${file} must match exactly once: ${find}`);
  return source.replace(find, () => replace);
}
