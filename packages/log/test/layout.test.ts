import { expect, it } from 'vitest';
import { identify, names } from '../src/layout.js';
import { refused, World } from './world.js';

it.each([
  [names.manifest, 'manifest', []],
  [names.synced, 'synced', []],
  [names.hardState, 'hard-state', []],
  [names.segment(41, 3), 'segment', [41, 3]],
  [names.sparseIndex(41, 3), 'sparse-index', [41, 3]],
  [names.checkpoint(40, 7), 'checkpoint', [40, 7]],
  ['MANIFEST.new', 'draft', []],
  ['LOCK-4711', 'lock', []],
])('given the name %s, then it is of kind %s', (name, kind, numbers) => {
  expect(identify(name)).toEqual({ kind, numbers });
});

it.each(['notes.txt', 'MANIFEST~', 'manifest', '41-3.log', `${'0'.repeat(20)}-.log`, 'CHECKPOINT-1-1', '', 'LOCK'])(
  'given the name %j, then it is a stranger’s',
  (name) => {
    expect(identify(name)).toBeUndefined();
  },
);

it('given indexes up to 2^53−1, then a listing by name is a listing by index', () => {
  const indexes = [1, 9, 10, 99, 1000, 123_456_789, Number.MAX_SAFE_INTEGER];
  const listed = indexes.map((index) => names.segment(index, 1));
  expect(listed.toSorted()).toEqual(listed);
});

it('given a directory with a stranger’s file whose name ends in .new, when a log is opened there, then it is refused, and the file kept', async () => {
  const world = new World();
  await world.disk.files.makeDirectory('/log');
  world.place('letter.new', Buffer.from('dear reader'));
  await refused(world.open(), 'wrong-directory');
  expect(world.bytesOf('letter.new').toString()).toBe('dear reader');
});

it('given a log beside which somebody put a file whose name ends in .new, when the log is opened, then the file is kept', async () => {
  const world = new World();
  await (await world.open()).close();
  world.place('letter.new', Buffer.from('dear reader'));
  await (await world.open()).close();
  expect(world.names).toContain('letter.new');
});
