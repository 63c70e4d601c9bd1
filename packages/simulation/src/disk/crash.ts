import { type Random, randomBelow } from '@commitlog/runtime';
import { pageBytes } from './content.js';
import { DirectoryInode, type NameChange } from './directory-inode.js';
import type { Fault } from './fault.js';
import type { Change } from './file-inode.js';
import { type DiskImage, type Inode, rootInode } from './image.js';
import { properSubsets, type Subset, sample } from './sample.js';
import type { Unsynced, UnsyncedFile } from './unsynced.js';

/** One way in which a power cut may leave a disk: what of the unsynced changes has reached the medium. */
export interface CrashVariant {
  readonly fault: Fault;
  /** In words, for whoever reads that a test failed. */
  readonly description: string;
  /** The changes that are there, by file; a file not named here has all of its own. */
  readonly bytes: ReadonlyMap<number, readonly Change[]>;
  /** The changes that are there, by directory; a directory not named here has all of its own. */
  readonly names: ReadonlyMap<number, readonly NameChange[]>;
}

/**
 * The variants of one fault, at most `countMax`: all of them where they are few, otherwise the telling ones and a sample.
 * None where nothing is pending that the fault could take away.
 */
export function crashVariants(unsynced: Unsynced, fault: Fault, countMax: number, random: Random): CrashVariant[] {
  const { files, directories } = unsynced;
  switch (fault) {
    case 'kept':
      return [variant(fault, 'everything written back')];
    case 'lost':
      if (files.length + directories.length === 0) return [];
      return [variant(fault, 'nothing written back', bytesOf(files, []), namesOf(unsynced, []))];
    case 'bytes-lost':
      if (files.length === 0) return [];
      return [variant(fault, 'names written back, bytes not', bytesOf(files, []))];
    case 'names-lost':
      return namesLost(unsynced, countMax, random);
    case 'torn':
      return torn(files, countMax, random);
    case 'pages':
      return pages(files, countMax, random);
    case 'zeros':
      return zeros(files, countMax, random);
    case 'mixed':
      return mixed(unsynced, countMax, random);
  }
}

/** What the disk holds after this power cut, all of it durable. */
export function crashedImage(image: DiskImage, { bytes, names }: CrashVariant): DiskImage {
  const inodes = new Map<number, Inode>();
  let { nextInode } = image;
  let usedBytes = 0;
  const visit = (number: number): number => {
    const inode = image.inodes.get(number)!;
    if (inode.kind === 'directory') {
      const entries = inode.namesAfterPowerCut(names.get(number));
      for (const [name, child] of entries) entries.set(name, visit(child));
      inodes.set(number, new DirectoryInode(entries));
      return number;
    }
    const file = inode.afterPowerCut(bytes.get(number));
    // Half a rename between two directories can leave two names of one file: they become two files.
    const own = inodes.has(number) ? nextInode++ : number;
    inodes.set(own, file);
    usedBytes += file.length;
    return own;
  };
  visit(rootInode);
  return { inodes, nextInode, usedBytes };
}

function variant(
  fault: Fault,
  description: string,
  bytes: CrashVariant['bytes'] = new Map(),
  names: CrashVariant['names'] = new Map(),
): CrashVariant {
  return { fault, description, bytes, names };
}

function namesLost(unsynced: Unsynced, countMax: number, random: Random): CrashVariant[] {
  const size = unsynced.directories.reduce((sum, { pending }) => sum + pending.length, 0);
  return properSubsets(size, countMax, random).map((isKept) =>
    variant('names-lost', `names written back: ${inWords(isKept)}`, new Map(), namesOf(unsynced, isKept)),
  );
}

function pages(files: readonly UnsyncedFile[], countMax: number, random: Random): CrashVariant[] {
  const size = files.reduce((sum, { pieces }) => sum + pieces.length, 0);
  return properSubsets(size, countMax, random).map((isKept) =>
    variant('pages', `pages written back: ${inWords(isKept)}`, bytesOf(files, isKept)),
  );
}

function torn(files: readonly UnsyncedFile[], countMax: number, random: Random): CrashVariant[] {
  const countMaxEach = Math.max(1, Math.floor(countMax / Math.max(1, files.length)));
  const variants = files.flatMap(({ inode, path, file }) =>
    cuts(file.pending, countMaxEach, random).map(({ change, length }) => {
      const kept = file.pending.slice(0, change);
      const last = file.pending[change]!;
      if (last.kind === 'write' && length > 0) kept.push({ ...last, bytes: last.bytes.subarray(0, length) });
      const description = `${path}: pending change ${change + 1} of ${file.pending.length} torn after ${length} bytes`;
      return variant('torn', description, new Map([[inode, kept]]));
    }),
  );
  return [...sample(variants, countMax, random)];
}

/** The place where the changes of a file stop: within one of them, after so many bytes of it. */
interface Cut {
  readonly change: number;
  readonly length: number;
}

/** Every byte if these are few; otherwise the ends, the seams of vectored writes and pages with a byte either side, and a sample. */
function cuts(changes: readonly Change[], countMax: number, random: Random): readonly Cut[] {
  const lengths = changes.map((change) => (change.kind === 'write' ? change.bytes.length : 1));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total <= countMax) {
    return lengths.flatMap((size, change) => Array.from({ length: size }, (_, length) => ({ change, length })));
  }
  const telling = changes.flatMap((change, at) => tellingCuts(change).map((length) => ({ change: at, length })));
  const chosen = [...sample(telling, Math.ceil((countMax * 3) / 4), random)];
  while (chosen.length < countMax) {
    const change = randomBelow(random, changes.length);
    chosen.push({ change, length: randomBelow(random, lengths[change]!) });
  }
  const distinct = new Map(chosen.map((cut) => [`${cut.change}:${cut.length}`, cut]));
  return [...distinct.values()];
}

function tellingCuts(change: Change): number[] {
  if (change.kind === 'resize') return [0];
  const { position, bytes, seams } = change;
  const around = [...seams];
  for (let page = pageBytes - (position % pageBytes); page < bytes.length; page += pageBytes) around.push(page);
  const all = [0, 1, bytes.length - 1, ...around.flatMap((at) => [at - 1, at, at + 1])];
  return [...new Set(all)].filter((length) => length < bytes.length);
}

function zeros(files: readonly UnsyncedFile[], countMax: number, random: Random): CrashVariant[] {
  const variants = files.flatMap(({ inode, path, file, pieces }) => {
    if (file.length <= file.durableLength) return [];
    return pieces.map((_, count) => {
      const kept = withLengthOf(pieces, (at) => at < count, file.durableLength);
      const description = `${path}: length written back, data of ${count} pieces of ${pieces.length}`;
      return variant('zeros', description, new Map([[inode, kept]]));
    });
  });
  return [...sample(variants, countMax, random)];
}

/** The pieces that are kept, and of the others what they do to the length. */
function withLengthOf(pieces: readonly Change[], isKept: (at: number) => boolean, durableLength: number): Change[] {
  let length = durableLength;
  return pieces.flatMap((piece, at): Change[] => {
    if (piece.kind === 'resize') {
      length = piece.length;
      return [piece];
    }
    const end = piece.position + piece.bytes.length;
    const isGrowing = end > length;
    length = Math.max(length, end);
    if (isKept(at)) return [piece];
    return isGrowing ? [{ kind: 'resize', length: end }] : [];
  });
}

function mixed(unsynced: Unsynced, countMax: number, random: Random): CrashVariant[] {
  const { files, directories } = unsynced;
  if (files.length + directories.length === 0) return [];
  const isHeads = (): boolean => random.uint32() >= 2 ** 31;
  return Array.from({ length: countMax }, (_, at) => {
    const bytes = files.map(({ inode, pieces, file }) => {
      const isKept = pieces.map(isHeads);
      const kept = isHeads()
        ? withLengthOf(pieces, (piece) => isKept[piece]!, file.durableLength)
        : pieces.filter((_, piece) => isKept[piece]);
      return [inode, isHeads() ? withOneTorn(kept, random) : kept] as const;
    });
    const names = directories.map(({ inode, pending }) => [inode, pending.filter(isHeads)] as const);
    return variant('mixed', `a mixture, number ${at + 1} of ${countMax}`, new Map(bytes), new Map(names));
  });
}

function withOneTorn(pieces: readonly Change[], random: Random): readonly Change[] {
  if (pieces.length === 0) return pieces;
  const at = randomBelow(random, pieces.length);
  const piece = pieces[at]!;
  if (piece.kind === 'resize') return pieces;
  const bytes = piece.bytes.subarray(0, randomBelow(random, piece.bytes.length));
  return pieces.with(at, { ...piece, bytes });
}

/** What is kept of each file; `isKept` goes over the pieces of all of them, and none is kept beyond its end. */
function bytesOf(files: readonly UnsyncedFile[], isKept: Subset): Map<number, readonly Change[]> {
  let next = 0;
  return new Map(files.map(({ inode, pieces }) => [inode, pieces.filter(() => isKept[next++] ?? false)]));
}

/** What is kept of each directory; `isKept` goes over the changes of all of them, and none is kept beyond its end. */
function namesOf({ directories }: Unsynced, isKept: Subset): Map<number, readonly NameChange[]> {
  let next = 0;
  return new Map(directories.map(({ inode, pending }) => [inode, pending.filter(() => isKept[next++] ?? false)]));
}

function inWords(isKept: Subset): string {
  const kept = isKept.flatMap((isIn, at) => (isIn ? [at + 1] : []));
  return `${kept.length === 0 ? 'none' : kept.join(', ')} of ${isKept.length}`;
}
