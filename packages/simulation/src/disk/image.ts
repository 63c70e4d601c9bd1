import { DirectoryInode } from './directory-inode.js';
import type { FileInode } from './file-inode.js';

export type Inode = FileInode | DirectoryInode;

/** The inode of `/`. */
export const rootInode = 1;

/**
 * The whole of a disk at one moment: every inode that a name leads to, or may lead to after a power cut. Nothing in it
 * ever changes, so that any number of disks start from one image at no cost.
 */
export interface DiskImage {
  readonly inodes: ReadonlyMap<number, Inode>;
  readonly nextInode: number;
  /** The lengths of all files that have a name. */
  readonly usedBytes: number;
}

export const emptyImage: DiskImage = {
  inodes: new Map([[rootInode, new DirectoryInode()]]),
  nextInode: rootInode + 1,
  usedBytes: 0,
};
