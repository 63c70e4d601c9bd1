import fs from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nodeFiles } from '../../src/node/index.js';

// What holds for every file system is in the contract that the simulated disk and this one share; here is what Node adds.

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'commitlog-files-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
});

test('3,000 buffers, more than one system call takes, are written in order', async () => {
  const buffers = Array.from({ length: 3_000 }, (_, at) => Uint8Array.of(at & 255, at >> 8, 0).subarray(0, at % 4));
  const file = await nodeFiles.open(join(directory, 'a'), 'create');
  file.write(buffers, 5);
  await file.close();
  expect(await readFile(join(directory, 'a'))).toEqual(Buffer.concat([Buffer.alloc(5), ...buffers]));
});

test('a short write goes on where it stopped, in the middle of a buffer', async () => {
  const whole = fs.writevSync;
  const write = vi.spyOn(fs, 'writevSync').mockImplementation((descriptor, buffers, position) => {
    const [first] = buffers;
    const bytes = new Uint8Array(first!.buffer, first!.byteOffset, Math.min(2, first!.byteLength));
    return whole(descriptor, [bytes], position);
  });
  const file = await nodeFiles.open(join(directory, 'a'), 'create');
  file.write([Buffer.from('abc'), Buffer.from(''), Buffer.from('defgh')], 0);
  await file.close();
  expect(await readFile(join(directory, 'a'), 'utf8')).toBe('abcdefgh');
  expect(write.mock.calls.length).toBe(4);
});

test('a write that meets a limit in its middle fails with the name of the limit', async () => {
  const whole = fs.writevSync;
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  vi.spyOn(fs, 'writevSync')
    .mockImplementationOnce((descriptor, _, position) => whole(descriptor, [Buffer.from('ab')], position))
    .mockImplementationOnce(() => {
      throw full;
    });
  const file = await nodeFiles.open(join(directory, 'a'), 'create');
  expect(() => file.write([Buffer.from('abcd')], 0)).toThrow(full);
  await file.close();
});

test('a file is closed only when the calls under way have returned', async () => {
  const file = await nodeFiles.open(join(directory, 'a'), 'create');
  file.write([new Uint8Array(100_000).fill(7)], 0);
  const into = new Uint8Array(100_000);
  const results = Promise.all([file.read(into, 0), file.sync(), file.size(), file.resize(200_000)]);
  const closed = file.close();
  await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' });
  expect((await results)[0]).toBe(100_000);
  await closed;
  expect(into.every((byte) => byte === 7)).toBe(true);
});

test('making a directory syncs every name on the way, also of one that is there already', async () => {
  // Whoever made it may have been killed between making and syncing it.
  await nodeFiles.makeDirectory(join(directory, 'x/y'));
  const synced: string[] = [];
  const handle = await fs.promises.open(directory, 'r');
  const prototype = Object.getPrototypeOf(handle) as fs.promises.FileHandle;
  await handle.close();
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: fs.promises.FileHandle) {
    synced.push(fs.readlinkSync(`/proc/self/fd/${this.fd}`));
  });
  await nodeFiles.makeDirectory(join(directory, 'x/y'));
  expect(synced.slice(0, 2)).toEqual([join(directory, 'x'), directory]);
});

test('what is in the way of a directory is named', async () => {
  await writeFile(join(directory, 'file'), '');
  await expect(nodeFiles.makeDirectory(join(directory, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(nodeFiles.syncDirectory(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});
