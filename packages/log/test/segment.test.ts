import { LogError } from '@commitlog/log';
import { PosixError } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { appendBig, batchOf, readAround, refused, valuesIn, valuesOf, World, words } from './world.js';

it('given two damaged batches side by side, when the second is read, then the error names it: who skips what it names gets on', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await appendBig(log, 1, 5);
  const [second, third] = [world.placeOf(log, 2), world.placeOf(log, 3)];
  world.flip(second.name, second.at + 20);
  world.flip(third.name, third.at + 70);
  const error = await log.read({ from: { index: 3 } }).catch((failed: unknown) => failed);
  expect(error).toBeInstanceOf(LogError);
  expect((error as LogError).damage!.firstIndex).toBeLessThanOrEqual(3);
  expect((error as LogError).damage!.lastIndex).toBeGreaterThanOrEqual(3);
});

it('given the last segment was cut short in the middle of a batch, then what was there is named, and nobody who skips it walks in circles', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await appendBig(log, 1, 4);
  await log.close();
  const name = world.names[0]!;
  world.place(name, world.bytesOf(name).subarray(0, 64 + 1500));
  expect(await readAround(await world.open())).toEqual({ values: ['b1'], holes: [2, 3, 4] });
});

it('given blocks that the disk cannot read, then those batches are damaged, and the others are read', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 64 * 1024 });
  await appendBig(log, 1, 80);
  // The second block of the file, for good.
  world.disk.onOperation = ({ method, path, position = 0, bytes = 0 }) => {
    if (method !== 'read' || !path.endsWith('-1.log')) return;
    if (position < 8192 && position + bytes > 4096) throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const { values, holes } = await readAround(log);
  expect(holes.length).toBeGreaterThanOrEqual(3);
  expect(holes.length).toBeLessThanOrEqual(9);
  expect(values).toEqual(words(1, 80).filter((word) => !holes.includes(Number(word.slice(1)))));
});

describe('a disk that fails a read just once', () => {
  // The error named the hole in front of it, or the whole segment, and whoever skips what is damaged went back.
  it.each([true, false])('given damage elsewhere: %s, then the read brings what is there', async (isDamaged) => {
    const world = new World();
    const log = await world.open({ segmentBytes: 2 ** 20 });
    await appendBig(log, 1, 12);
    if (isDamaged) {
      world.damage(log, 2, 'body');
      await refused(log.read({ from: { index: 2 } }), 'damaged');
    }
    const { next } = await log.read({ from: { index: 8 }, maxBytes: 1 });
    world.disk.inject({ method: 'read', path: /\.log$/, code: 'EIO', times: 3 });
    expect(valuesIn((await log.read({ from: next, maxBytes: 1 })).bytes)).toEqual(['b9']);
    expect(log.damage.map(({ firstIndex, lastIndex }) => [firstIndex, lastIndex])).toEqual(isDamaged ? [[2, 2]] : []);
  });

  // Zeros came in place of the header, and the refusal was none of this package's.
  it('given a truncation whose look-up meets it, then the log is truncated', async () => {
    for (let after = 0; ; after += 1) {
      const world = new World();
      const log = await world.open({ segmentBytes: 2 ** 20 });
      await appendBig(log, 1, 6);
      // A whole read and, block by block, those of a header that begins in one block and ends in the next.
      const failing = world.disk.inject({ method: 'read', path: /\.log$/, code: 'EIO', after, times: 3 });
      await log.truncateAfter(4);
      expect(await valuesOf(log)).toEqual(words(1, 4));
      if (failing.failedCount === 0) break;
    }
  });
});

// Every read of a hole read the whole segment: a reader that asks again and again kept the disk busy with it.
it.each(['header', 'body'] as const)(
  'given a hole that is known (its %s is damaged), when it is read again, then the segment is not read through again',
  async (part) => {
    const world = new World();
    const log = await world.open({ segmentBytes: 1 << 24 });
    const batch = 64 * 1024;
    for (let index = 1; index <= 60; index += 1) await log.append(batchOf(`b${index} ${'.'.repeat(batch)}`));
    world.damage(log, 5, part);
    const { segmentId } = world.placeOf(log, 4);
    await refused(log.read({ from: { index: 5 } }), 'damaged');
    let read = 0;
    world.disk.onOperation = ({ method, bytes = 0 }) => {
      if (method === 'read') read += bytes;
    };
    for (const from of [{ index: 5 }, { offset: 4 }]) {
      const { damage } = await refused(log.read({ from, maxBytes: 1 }), 'damaged');
      expect(damage).toMatchObject({ segmentId, firstIndex: 5, lastIndex: 5 });
    }
    if (part === 'header') await refused(log.positionAt(5), 'damaged');
    // All of them together less than the half of it.
    expect(read).toBeLessThan(30 * batch);
  },
);

it('given a hole that the disk can read again, though not at once, when it is read, then the batch is served', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await appendBig(log, 1, 6);
  world.disk.onOperation = ({ method, path }) => {
    if (method === 'read' && path.endsWith('.log')) throw new PosixError('EIO', method, path);
  };
  await refused(log.read({ from: { index: 5 }, maxBytes: 1 }), 'damaged');
  world.disk.onOperation = undefined;
  world.disk.inject({ method: 'read', path: /\.log$/, code: 'EIO', times: 3 });
  expect(valuesIn((await log.read({ from: { index: 5 }, maxBytes: 1 })).bytes)).toEqual(['b5']);
});
