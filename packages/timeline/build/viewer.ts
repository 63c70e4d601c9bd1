import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Viewer } from '../src/page/viewer.d.ts';

let built: Viewer | undefined;

/** Bundles the page's script and style from the sources, once in a process. */
export function viewer(): Viewer {
  built ??= { script: bundle('main.ts'), style: bundle('style.css') };
  return built;
}

function bundle(file: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(`../src/viewer/${file}`, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.text.trim();
}
