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
