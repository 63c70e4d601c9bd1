import { expect, test } from 'vitest';
import { DirectoryInode } from '../../src/disk/directory-inode.js';

const names = (entries: ReadonlyMap<string, number>): string[] => [...entries.keys()].sort();

test('names that were made durable stay so, whatever is done to them later', () => {
  const directory = new DirectoryInode();
  directory.change({ kind: 'create', name: 'a', inode: 2 });
  directory.settle(directory.changeCount);
  directory.change({ kind: 'rename', name: 'a', to: 'b', inode: 2 });
  expect(names(directory.entries)).toEqual(['b']);
  expect(names(directory.durableEntries)).toEqual(['a']);
});

test('only the changes up to the one that was asked for are made durable', () => {
  const directory = new DirectoryInode();
  directory.change({ kind: 'create', name: 'a', inode: 2 });
  const { changeCount } = directory;
  directory.change({ kind: 'create', name: 'b', inode: 3 });
  directory.settle(changeCount);
  expect(names(directory.durableEntries)).toEqual(['a']);
  expect(directory.pending).toEqual([{ kind: 'create', name: 'b', inode: 3 }]);
  directory.settle(changeCount);
  expect(directory.pending.length).toBe(1);
});

test('a name that is added durably leaves others as they are', () => {
  const directory = new DirectoryInode();
  directory.change({ kind: 'create', name: 'a', inode: 2 });
  directory.addDurably('b', 3);
  expect(names(directory.durableEntries)).toEqual(['b']);
  expect(names(directory.namesAfterPowerCut())).toEqual(['a', 'b']);
});

test('a copy goes its own way', () => {
  const directory = new DirectoryInode(new Map([['a', 2]]));
  const copy = directory.copy();
  copy.change({ kind: 'remove', name: 'a', inode: 2 });
  copy.settle(copy.changeCount);
  expect(names(directory.entries)).toEqual(['a']);
  expect(names(copy.durableEntries)).toEqual([]);
});
