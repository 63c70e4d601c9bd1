import { pageBytes } from './content.js';
import type { DirectoryInode, NameChange } from './directory-inode.js';
import type { Change, FileInode } from './file-inode.js';
import { type DiskImage, rootInode } from './image.js';

/** Everything in an image that a power cut may take away. */
export interface Unsynced {
  readonly files: readonly UnsyncedFile[];
  readonly directories: readonly UnsyncedDirectory[];
}

export interface UnsyncedFile {
  readonly inode: number;
  /** Its path; for a file without one, the path it had and its inode. */
  readonly path: string;
  readonly file: FileInode;
  /** The pending changes, writes cut at page boundaries: what is written back as a whole or not at all. */
  readonly pieces: readonly Change[];
}

export interface UnsyncedDirectory {
  readonly inode: number;
  readonly path: string;
  readonly pending: readonly NameChange[];
}

export function unsyncedOf(image: DiskImage): Unsynced {
  const files: UnsyncedFile[] = [];
  const directories: UnsyncedDirectory[] = [];
  const seen = new Set<number>();
  const visit = (number: number, path: string): void => {
    const inode = image.inodes.get(number);
    if (inode === undefined || seen.has(number)) return;
    seen.add(number);
    if (inode.kind === 'file') {
      if (inode.pending.length > 0) files.push({ inode: number, path, file: inode, pieces: piecesOf(inode.pending) });
      return;
    }
    if (inode.pending.length > 0) directories.push({ inode: number, path, pending: inode.pending });
    for (const [name, child] of inode.entries) visit(child, `${path}/${name}`);
    for (const [name, child] of formerNamesOf(inode)) visit(child, `${path}/${name} (once, inode ${child})`);
  };
  visit(rootInode, '');
  return { files, directories };
}

/** Names that may be there again after a power cut. */
function* formerNamesOf(directory: DirectoryInode): Generator<readonly [string, number]> {
  yield* directory.durableEntries;
  for (const change of directory.pending) yield [change.name, change.inode];
}

function piecesOf(changes: readonly Change[]): Change[] {
  return changes.flatMap((change) => (change.kind === 'write' ? pagesOf(change) : change));
}

function pagesOf({ position, bytes }: Extract<Change, { kind: 'write' }>): Change[] {
  const pieces: Change[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = Math.min(bytes.length, from + pageBytes - ((position + from) % pageBytes));
    pieces.push({ kind: 'write', position: position + from, bytes: bytes.subarray(from, end), seams: [] });
    from = end;
  }
  return pieces;
}
