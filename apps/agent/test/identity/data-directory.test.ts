import type { Files } from '@commitlog/runtime';
import { SimulatedDisk } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { DataDirectory, type Identity } from '../../src/identity/data-directory.js';

const identity: Identity = {
  clusterId: 'c'.repeat(32),
  clusterName: 'shop',
  nodeId: 'n1',
  storageId: '5'.repeat(32),
  state: 'joining',
};

describe('the data directory', () => {
  it("given a new one, then it is nobody's, until it is said whose", async () => {
    const { files } = new SimulatedDisk();
    const directory = await DataDirectory.open('/data/n1', { files });
    expect(directory.identity).toBeUndefined();
    await directory.save(identity);
    await directory.close();
    expect((await DataDirectory.open('/data/n1', { files })).identity).toEqual(identity);
  });

  it('given one that is in use, then a second agent is refused', async () => {
    const { files } = new SimulatedDisk();
    await DataDirectory.open('/data', { files });
    await expect(DataDirectory.open('/data', { files })).rejects.toMatchObject({ code: 'LOCKED' });
  });

  it('given a disk that is full to the last byte, then the directory opens all the same, again and again', async () => {
    const disk = new SimulatedDisk();
    const directory = await DataDirectory.open('/data', { files: lockingInFiles(disk) });
    await directory.save(identity);
    await directory.close();
    disk.capacityBytes = disk.usedBytes;
    for (let times = 0; times < 3; times += 1) {
      const again = await DataDirectory.open('/data', { files: lockingInFiles(disk) });
      expect(again.identity).toEqual(identity);
      await again.close();
    }
  });

  it('given an identity of which any bit has flipped, then it is refused in words, and not drawn anew', async () => {
    for (const at of [0, 9, 40]) {
      const disk = new SimulatedDisk();
      const directory = await DataDirectory.open('/data', disk);
      await directory.save(identity);
      await directory.close();
      const bytes = disk.bytesOf('/data/IDENTITY');
      const file = await disk.files.open('/data/IDENTITY', 'write');
      file.write([Buffer.from([bytes[at]! ^ 1])], at);
      await file.close();
      await expect(DataDirectory.open('/data', disk)).rejects.toMatchObject({
        code: 'identity-damaged',
        message: expect.stringContaining('/data/IDENTITY'),
      });
    }
  });

  it('given a log without an identity, then that is refused, too', async () => {
    const { files } = new SimulatedDisk();
    await files.makeDirectory('/data/logs');
    await expect(DataDirectory.open('/data', { files })).rejects.toMatchObject({ code: 'identity-damaged' });
  });
});

/** A disk whose locks take room, as those of real ones do: each is a file, and the one before it goes when it is there. */
function lockingInFiles({ files }: SimulatedDisk): Files {
  const lock: Files['lock'] = async (directory) => {
    const names = await files.list(directory);
    const older = names.filter((name) => name.startsWith('LOCK-'));
    const path = `${directory}/LOCK-${older.length === 0 ? 1 : Number(older.at(-1)!.slice('LOCK-'.length)) + 1}`;
    const file = await files.open(path, 'create');
    try {
      file.write([Buffer.alloc(100)], 0);
    } catch (error) {
      await files.remove(path);
      throw error;
    } finally {
      await file.close();
    }
    for (const name of older) await files.remove(`${directory}/${name}`);
    return await files.lock(directory);
  };
  return {
    open: (path, mode, permissions) => files.open(path, mode, permissions),
    absolute: (path) => files.absolute(path),
    list: (directory) => files.list(directory),
    makeDirectory: (directory) => files.makeDirectory(directory),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    syncDirectory: (directory) => files.syncDirectory(directory),
    lock,
  };
}
