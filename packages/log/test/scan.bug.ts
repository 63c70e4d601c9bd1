import { SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { readRange } from '../src/scan.js';

it('given one block of the disk that cannot be read, when a read begins in the middle of another, then only that block comes as zeros', async () => {
  const disk = new SimulatedDisk();
  disk.place('/file', Buffer.alloc(20_000, 7));
  const file = await disk.files.open('/file', 'read');
  disk.onOperation = ({ method, position = 0, bytes = 0 }) => {
    if (method === 'read' && position < 8192 && position + bytes > 4096) {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    }
  };
  const bytes = await readRange(file, 1000, 15_000);
  const zeros = [...bytes.entries()].filter(([, byte]) => byte === 0).map(([at]) => at + 1000);
  expect([zeros.at(0), zeros.at(-1), zeros.length]).toEqual([4096, 8191, 4096]);
});
