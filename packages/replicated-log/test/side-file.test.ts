import { crc32 } from 'node:zlib';
import { SimulatedDisk } from '@commitlog/simulation';
import { beforeEach, expect, test } from 'vitest';
import { SideFile } from '../src/side-file.js';

let disk: SimulatedDisk;
let file: SideFile;

beforeEach(async () => {
  disk = new SimulatedDisk();
  await disk.files.makeDirectory('/member');
  file = new SideFile('/member', 'NOTES', disk.files);
});

async function textOf(of: SideFile): Promise<string | undefined> {
  return (await of.load())?.toString();
}

test('what was saved is there, each time the last', async () => {
  expect(await textOf(file)).toBe(undefined);
  await file.save(Buffer.from('one'));
  await file.save(Buffer.from('two'));
  expect(await textOf(file)).toBe('two');
  expect(disk.paths()).toEqual(['/member/NOTES']);
});

test('a flipped bit, wherever it is, is no content', async () => {
  await file.save(Buffer.from('some'));
  const bits = disk.bytesOf('/member/NOTES').length * 8;
  expect(bits).toBe(12 * 8);
  for (let bit = 0; bit < bits; bit += 1) {
    disk.flipBit('/member/NOTES', bit);
    expect([bit, await textOf(file)]).toEqual([bit, undefined]);
    disk.flipBit('/member/NOTES', bit);
  }
  expect(await textOf(file)).toBe('some');
});

test('what a later version wrote is refused, and says so', async () => {
  const later = Buffer.from('----\u0002\0\0\0something');
  later.writeUInt32LE(crc32(later.subarray(4)), 0);
  disk.place('/member/NOTES', later);
  await expect(file.load()).rejects.toThrow(/is of version 2, and this program reads version 1/);
});

test('given a full disk, then what was saved before stays, and nothing of the new is left', async () => {
  await file.save(Buffer.from('one'));
  disk.capacityBytes = disk.usedBytes + 4;
  await expect(file.save(Buffer.from('two, which does not fit'))).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await textOf(file)).toBe('one');
  expect(disk.paths()).toEqual(['/member/NOTES']);
});
