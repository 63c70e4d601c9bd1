import { hasErrorCode } from '@commitlog/runtime';
import { Content } from './content.js';
import { DirectoryInode } from './directory-inode.js';
import { type Change, FileInode } from './file-inode.js';
import { type DiskImage, type Inode, rootInode } from './image.js';
import { absolute, partsOf } from './path.js';
import { PosixError } from './posix-error.js';

/** A name's place: the directory that holds it, whether it is taken or not. */
interface Place {
  readonly directory: number;
  readonly name: string;
  /** What has the name now, if anything. */
  readonly inode: number | undefined;
}

/**
 * A file system: inodes and the names that lead to them. It starts from an image and copies an inode when it first changes
 * it, so that starting costs nothing and each change only what it touches.
 */
export class Volume {
  #image: DiskImage;
  /** Inodes that are ours to change; they hide those of the image. */
  readonly #changed: Map<number, Inode> = new Map();
  /** How many handles each open file has. */
  readonly #handles: Map<number, number> = new Map();
  /** Open files whose name is gone. */
  readonly #nameless: Set<number> = new Set();
  #nextInode: number;
  #usedBytes: number;

  constructor(image: DiskImage) {
    this.#image = image;
    this.#nextInode = image.nextInode;
    this.#usedBytes = image.usedBytes;
  }

  /** The lengths of all files that have a name or are open. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The present state, from now on shared: whoever changes an inode of it makes a copy first, this volume too. */
  image(): DiskImage {
    if (this.#changed.size === 0) return this.#image;
    const inodes = new Map<number, Inode>();
    let usedBytes = 0;
    const visit = (number: number): void => {
      const inode = this.#inode(number);
      if (inode === undefined || inodes.has(number)) return;
      inodes.set(number, inode);
      if (inode.kind === 'file') return;
      for (const child of inode.entries.values()) {
        visit(child);
        const reached = this.#inode(child);
        if (reached?.kind === 'file') usedBytes += reached.length;
      }
      for (const child of inode.durableEntries.values()) visit(child);
      for (const change of inode.pending) visit(change.inode);
    };
    visit(rootInode);
    // A file without a name lives on as long as it is open, but no other disk will ever see it.
    const nameless = [...this.#handles.keys()].filter((number) => !inodes.has(number));
    const ours = nameless.map((number) => [number, this.#changed.get(number) ?? this.#inode(number)!.copy()] as const);
    this.#changed.clear();
    for (const [number, inode] of ours) this.#changed.set(number, inode);
    this.#image = { inodes, nextInode: this.#nextInode, usedBytes };
    return this.#image;
  }

  /** @throws PosixError `ENOENT` */
  find(path: string, syscall: string): number {
    const { inode } = this.#place(path, syscall);
    if (inode === undefined) throw new PosixError('ENOENT', syscall, path);
    return inode;
  }

  exists(path: string): boolean {
    try {
      return this.#place(path, 'stat').inode !== undefined;
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  }

  /** The inode of a file, to look at. */
  file(number: number, syscall: string, path: string): FileInode {
    const inode = this.#inode(number);
    if (inode?.kind !== 'file') throw new PosixError('EISDIR', syscall, path);
    return inode;
  }

  /** The inode of a directory, to look at. */
  directory(number: number, syscall: string, path: string): DirectoryInode {
    const inode = this.#inode(number);
    if (inode?.kind !== 'directory') throw new PosixError('ENOTDIR', syscall, path);
    return inode;
  }

  create(path: string, syscall: string, permissions: number): number {
    const { directory, name, inode } = this.#place(path, syscall);
    if (inode !== undefined) throw new PosixError('EEXIST', syscall, path);
    const number = this.#add(new FileInode(new Content(), permissions));
    this.#changeDirectory(directory, syscall, path).change({ kind: 'create', name, inode: number });
    return number;
  }

  remove(path: string): void {
    const { directory, name, inode } = this.#place(path, 'remove');
    if (inode === undefined) throw new PosixError('ENOENT', 'remove', path);
    this.file(inode, 'remove', path);
    this.#changeDirectory(directory, 'remove', path).change({ kind: 'remove', name, inode });
    this.#lostItsName(inode);
  }

  /** Between two directories each keeps its own half of the change: a power cut may leave both names, or neither. */
  rename(from: string, to: string): void {
    const source = this.#place(from, 'rename');
    const target = this.#place(to, 'rename');
    const { inode } = source;
    if (inode === undefined) throw new PosixError('ENOENT', 'rename', from);
    this.file(inode, 'rename', from);
    if (target.inode === inode) return;
    if (target.inode !== undefined) this.file(target.inode, 'rename', to);
    const directory = this.#changeDirectory(target.directory, 'rename', to);
    if (source.directory === target.directory) {
      directory.change({ kind: 'rename', name: source.name, to: target.name, inode });
    } else {
      directory.change({ kind: 'create', name: target.name, inode });
      this.#changeDirectory(source.directory, 'rename', from).change({ kind: 'remove', name: source.name, inode });
    }
    if (target.inode !== undefined) this.#lostItsName(target.inode);
  }

  /** Makes a directory and those above it, durably. */
  makeDirectory(path: string): void {
    let at = rootInode;
    for (const name of partsOf(path)) {
      let next = this.directory(at, 'makeDirectory', path).entries.get(name);
      if (next === undefined) {
        next = this.#add(new DirectoryInode());
        this.#changeDirectory(at, 'makeDirectory', path).addDurably(name, next);
      }
      at = next;
    }
    if (this.#inode(at)?.kind === 'file') throw new PosixError('EEXIST', 'makeDirectory', path);
  }

  /** Makes the first `changeCount` changes of a directory durable. */
  settleNames(number: number, changeCount: number, path: string): void {
    if (this.directory(number, 'syncDirectory', path).pending.length === 0) return;
    this.#changeDirectory(number, 'syncDirectory', path).settle(changeCount);
    // Those that were removed cannot come back any more.
    this.image();
  }

  /** Makes the first `changeCount` changes of a file durable. */
  settleBytes(number: number, changeCount: number, path: string): void {
    if (this.file(number, 'sync', path).pending.length === 0) return;
    this.#changeFile(number, 'sync', path).settle(changeCount);
  }

  /** What a failed sync does to the changes it was called for: see {@link FileInode.abandon}. */
  abandonBytes(number: number, path: string): void {
    if (this.file(number, 'sync', path).pending.length === 0) return;
    this.#changeFile(number, 'sync', path).abandon();
  }

  changeBytes(number: number, change: Change, path: string): void {
    const file = this.#changeFile(number, change.kind, path);
    const before = file.length;
    file.change(change);
    this.#usedBytes += file.length - before;
  }

  /** Puts a file there as if it had always been, durable with its name and in place of what was there. */
  place(path: string, content: Content, permissions: number): void {
    const { directory, name, inode } = this.#place(path, 'write');
    if (inode !== undefined) {
      this.#usedBytes -= this.file(inode, 'write', path).length;
      this.#changed.set(inode, new FileInode(content, permissions));
    } else {
      this.#changeDirectory(directory, 'write', path).addDurably(name, this.#add(new FileInode(content, permissions)));
    }
    this.#usedBytes += content.length;
  }

  /** Inverts bits of one byte: see {@link FileInode.flip}. */
  flip(path: string, position: number, mask: number): void {
    const number = this.find(path, 'flip');
    const { length } = this.file(number, 'flip', path);
    if (position >= length) throw new RangeError(`${path} has ${length} bytes, there is none at ${position} to flip`);
    this.#changeFile(number, 'flip', path).flip(position, mask);
  }

  opened(inode: number): void {
    this.#handles.set(inode, (this.#handles.get(inode) ?? 0) + 1);
  }

  closed(inode: number): void {
    const others = (this.#handles.get(inode) ?? 0) - 1;
    if (others > 0) this.#handles.set(inode, others);
    else this.#handles.delete(inode);
    if (others === 0 && this.#nameless.delete(inode)) this.#usedBytes -= this.#length(inode);
  }

  /** Every file's path, in the order of names. */
  paths(): string[] {
    const found: string[] = [];
    const visit = (number: number, path: string): void => {
      const inode = this.#inode(number);
      if (inode?.kind !== 'directory') {
        found.push(path);
        return;
      }
      for (const name of [...inode.entries.keys()].sort()) visit(inode.entries.get(name)!, `${path}/${name}`);
    };
    visit(rootInode, '');
    return found;
  }

  #inode(number: number): Inode | undefined {
    return this.#changed.get(number) ?? this.#image.inodes.get(number);
  }

  #length(inode: number): number {
    const found = this.#inode(inode);
    return found?.kind === 'file' ? found.length : 0;
  }

  #add(inode: Inode): number {
    const number = this.#nextInode++;
    this.#changed.set(number, inode);
    return number;
  }

  /** The inode of a file, to change. */
  #changeFile(number: number, syscall: string, path: string): FileInode {
    const inode = this.file(number, syscall, path);
    if (this.#changed.has(number)) return inode;
    const copy = inode.copy();
    this.#changed.set(number, copy);
    return copy;
  }

  /** The inode of a directory, to change. */
  #changeDirectory(number: number, syscall: string, path: string): DirectoryInode {
    const inode = this.directory(number, syscall, path);
    if (this.#changed.has(number)) return inode;
    const copy = inode.copy();
    this.#changed.set(number, copy);
    return copy;
  }

  #lostItsName(inode: number): void {
    if (this.#handles.has(inode)) this.#nameless.add(inode);
    else this.#usedBytes -= this.#length(inode);
  }

  #place(path: string, syscall: string): Place {
    const parts = partsOf(absolute(path));
    const name = parts.pop();
    if (name === undefined) return { directory: rootInode, name: '', inode: rootInode };
    let directory = rootInode;
    for (const part of parts) {
      const next = this.directory(directory, syscall, path).entries.get(part);
      if (next === undefined) throw new PosixError('ENOENT', syscall, path);
      directory = next;
    }
    return { directory, name, inode: this.directory(directory, syscall, path).entries.get(name) };
  }
}
