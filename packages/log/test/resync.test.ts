import { crc32 } from 'node:zlib';
import { encodeBatch, stampBatch } from '@commitlog/record';
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
