import type { OpenFile } from '@commitlog/runtime';
import { SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { origin } from '../src/position.js';
import { readRange, type ScanPoint, scan } from '../src/scan.js';
import { positionAfter } from '../src/sequence.js';
import { batchOf, stampedAfter } from './world.js';

const from: ScanPoint = { position: 64, previous: origin };

async function fileOf(...parts: readonly Buffer[]): Promise<{ disk: SimulatedDisk; file: OpenFile; until: number }> {
  const disk = new SimulatedDisk();
  const bytes = Buffer.concat([Buffer.alloc(64), ...parts]);
  disk.place('/file', bytes);
  return { disk, file: await disk.files.open('/file', 'read'), until: bytes.length };
}

function chain(sizes: readonly number[]): Buffer[] {
  let previous = origin;
  return sizes.map((bytes) => {
    const batch = stampedAfter(previous, batchOf('x'.repeat(bytes)));
    previous = positionAfter(batch, 0);
    return batch;
  });
}

it.each([64, 65, 100, 1000, 4096, 1 << 20])(
  'given windows of %d bytes, then every batch is visited once, those longer than a window too',
  async (windowBytes) => {
    const list = chain([1, 5000, 10, 200, 64, 3000, 0, 1]);
    const { file, until } = await fileOf(...list);
    const seen: number[] = [];
    const visit = (bytes: Buffer, at: number, position: number): undefined => {
      expect(bytes.subarray(at, at + list[seen.length]!.length).equals(list[seen.length]!)).toBe(true);
      seen.push(position);
    };
    const end = await scan(file, from, { until, checkBodies: true, windowBytes, visit });
    expect(end).toEqual({ position: until, previous: positionAfter(list.at(-1)!, 0) });
    expect(seen).toHaveLength(list.length);
  },
);

it.each([64, 100, 1 << 20])(
  'given a damaged batch and windows of %d bytes, then the scan ends before it, and says why',
  async (windowBytes) => {
    const list = chain([10, 2000, 10]);
    list[1]![1500]! ^= 1;
    const { file, until } = await fileOf(...list);
    const end = await scan(file, from, { until, checkBodies: true, windowBytes });
    expect(end).toMatchObject({ position: 64 + list[0]!.length, previous: { index: 1 } });
    expect(end.problem).toMatch(/body checksum/);
    // Whoever looks at headers only walks over it.
    expect(await scan(file, from, { until, checkBodies: false, windowBytes })).toMatchObject({ position: until });
  },
);

it('given a file that is shorter than it should be, then the scan says where it ends', async () => {
  const list = chain([10, 2000]);
  const { file, until } = await fileOf(list[0]!, list[1]!.subarray(0, 500));
  const end = await scan(file, from, { until: until + 1570, checkBodies: true });
  expect(end.position).toBe(64 + list[0]!.length);
  expect(end.problem).toBeDefined();
});

it('given blocks that cannot be read, then they come as zeros, and those around them as they are', async () => {
  const { disk, file } = await fileOf(Buffer.alloc(20_000, 7));
  failReads(disk, 4096, 8192);
  const bytes = await readRange(file, 0, 16_000);
  expect(bytes).toHaveLength(16_000);
  expect(bytes.subarray(64, 4096).every((byte) => byte === 7)).toBe(true);
  expect(bytes.subarray(4096, 8192).every((byte) => byte === 0)).toBe(true);
  expect(bytes.subarray(8192).every((byte) => byte === 7)).toBe(true);
});

/** Every read fails that touches a stretch of the disk. */
function failReads(disk: SimulatedDisk, start: number, end: number): void {
  disk.onOperation = ({ method, position = 0, bytes = 0 }) => {
    if (method === 'read' && position < end && position + bytes > start) {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    }
  };
}

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
