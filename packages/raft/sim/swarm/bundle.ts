import { build } from 'esbuild';

/** A change of one file: `find` must occur in it exactly once. */
export interface Patch {
  /** In `src/core`, or with its folder in `src`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface BundleInit {
  /** The path of the worker's main. */
  readonly entry: string;
  /** Where the bundle goes. */
  readonly outfile: string;
  readonly patches: readonly Patch[];
}

/** Builds the swarm's worker as one file, with patches applied on the way: the sources themselves never change. */
export async function bundleWorker(
  { entry, outfile, patches }: BundleInit,
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
          plugin.onLoad({ filter: /packages\/raft\/src\/(?:core|driver)\/[^/]+\.ts$/ }, ({ path }) => {
            let contents = read(path);
            for (const patch of patches) {
              if (!path.endsWith(`/src/${patchedFile(patch)}`)) continue;
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
  if (applied.size !== patches.length) throw new Error('a patch names a file that is not there');
}

/** The path of what a patch changes, within `src`. */
export function patchedFile({ file }: Patch): string {
  return file.includes('/') ? file : `core/${file}`;
}
