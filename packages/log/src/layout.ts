import { join } from 'node:path';

/** The names of a log's files, in one place. A file whose name ends in `.new` is being written and means nothing yet. */
export const names = {
  manifest: 'MANIFEST',
  synced: 'SYNCED',
  hardState: 'HARDSTATE',
  segment: (baseIndex: number, id: number): string => `${twentyDigits(baseIndex)}-${id}.log`,
  sparseIndex: (baseIndex: number, id: number): string => `${twentyDigits(baseIndex)}-${id}.index`,
  checkpoint: (index: number, term: number): string => `CHECKPOINT-${twentyDigits(index)}-${term}`,
} as const;

export type FileKind =
  | 'manifest'
  | 'synced'
  | 'hard-state'
  | 'segment'
  | 'sparse-index'
  | 'checkpoint'
  | 'draft'
  | 'lock';

/** What a file in a log's directory is, by its name, with the two numbers in it; `undefined` for a stranger's. */
export function identify(name: string): { readonly kind: FileKind; readonly numbers: readonly number[] } | undefined {
  // A stranger's file may end in .new, too.
  if (name.endsWith(draftSuffix)) {
    const target = identify(name.slice(0, -draftSuffix.length));
    return target?.kind === 'lock' ? target : target && { ...target, kind: 'draft' };
  }
  for (const [kind, pattern] of patterns) {
    const match = pattern.exec(name);
    if (match !== null) return { kind, numbers: match.slice(1).map(Number) };
  }
  return undefined;
}

const draftSuffix = '.new';

const patterns: readonly (readonly [FileKind, RegExp])[] = [
  ['lock', /^LOCK-\d/],
  ['manifest', /^MANIFEST$/],
  ['synced', /^SYNCED$/],
  ['hard-state', /^HARDSTATE$/],
  ['segment', /^(\d{20})-(\d{1,16})\.log$/],
  ['sparse-index', /^(\d{20})-(\d{1,16})\.index$/],
  ['checkpoint', /^CHECKPOINT-(\d{20})-(\d{1,16})$/],
];

export const draftOf = (name: string): string => `${name}${draftSuffix}`;

export const pathIn = (dir: string, name: string): string => join(dir, name);

/** Fixed width, so that a listing by name is a listing by index. */
const twentyDigits = (value: number): string => String(value).padStart(20, '0');
