import { crc32 } from 'node:zlib';
import { batchTypes, encodeBatch, encodeControlBatch, stampBatch } from '@commitlog/record';
import { expect, it } from 'vitest';
import { batchesOf, batchOf, readAround, World } from './world.js';

/** A batch whose value is these bytes. */
const carrying = (value: Buffer): Buffer => encodeBatch([{ value }]);

it('given an impostor that reaches over the next batch, when the one around it is damaged, then the next one is still read', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await log.append(batchOf('first'));
  const victim = batchOf('intact');
  // Stands in the value of batch 2, calls itself batch 3, and ends where the real batch 3 does.
  const impostor = batchOf('x');
  // The record around it ends with a count of headers, one byte behind the value.
  impostor.writeUInt32LE(65 + victim.length, 4);
  impostor.writeUInt32LE(crc32(impostor.subarray(4, 64)), 0);
  stampBatch(impostor, { index: 3, term: 1, baseOffset: 2, appendTime: world.clock.wallMs() });
  await log.append(carrying(impostor.subarray(0, 64)));
  await log.append(victim);
  await log.append(batchOf('last'));
  await log.close();
  const again = await world.open({ segmentBytes: 1 << 20 });
  world.damage(again, 2, 'header');
  await again.close();
  const damaged = await world.open({ segmentBytes: 1 << 20 });
  expect(await readAround(damaged)).toEqual({ values: ['first', 'intact', 'last'], holes: [2] });
});

it('given impostors of a kind that no version knows, when the batch around them is damaged, then the log opens', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await log.append(batchOf('first'));
  const known = batchOf('impostor');
  stampBatch(known, { index: 3, term: 1, baseOffset: 2, appendTime: world.clock.wallMs() });
  const unknown = Buffer.from(known);
  unknown[36] = 99;
  unknown.writeUInt32LE(crc32(unknown.subarray(4, 64)), 0);
  await log.append(carrying(Buffer.concat([known, unknown])));
  await log.append(batchOf('third'));
  const all = await batchesOf(log);
  expect(all.size).toBe(3);
  await log.close();
  const again = await world.open({ segmentBytes: 1 << 20 });
  world.damage(again, 2, 'header');
  await again.close();
  const damaged = await world.open({ segmentBytes: 1 << 20 });
  expect(await readAround(damaged)).toEqual({ values: ['first', 'third'], holes: [2] });
});

/** A header that is good by itself, and claims a length. */
function plantedHeader(index: number, length: number): Buffer {
  const header = encodeControlBatch(batchTypes.noop, Buffer.alloc(0));
  header.writeUInt32LE(length, 4);
  header.writeUInt32LE(crc32(header.subarray(4)), 0);
  stampBatch(header, { index, term: 1, baseOffset: 0, appendTime: 0 });
  return header;
}

// Each claimed body was read and checksummed: a producer could make a recovery take hours.
it.each([
  ['a long body', 256 * 1024],
  ['the next of them', 64],
])(
  'given a value full of planted headers that claim %s, when the batch around them is damaged, then little more is read than there is',
  async (_, claimed) => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 20 });
    const planted = Array.from({ length: 500 }, (_, at) => plantedHeader(claimed === 64 ? 3 + at : 3, claimed));
    await log.append(carrying(Buffer.concat(planted)));
    for (let more = 0; more < 4; more += 1) await log.append(carrying(Buffer.alloc(100_000, 1)));
    world.damage(log, 1, 'header');
    await log.close();
    let bytesRead = 0;
    world.disk.onOperation = ({ method, bytes = 0 }) => {
      if (method === 'read') bytesRead += bytes;
    };
    const again = await world.open({ segmentBytes: 1 << 20 });
    // A few times the file, and a page or two for each header that was planted.
    expect(bytesRead).toBeLessThan(5 * 432_000 + 500 * 2 * 4096);
    expect((await readAround(again)).holes).toEqual([1]);
    expect(again.tail.index).toBe(5);
  },
);
