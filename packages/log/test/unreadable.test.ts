import { LogError } from '@commitlog/log';
import { type Operation, PosixError } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { appendBig, readAround, refused, World, words } from './world.js';

const segmentBytes = 1 << 20;

/** Batches that were synced and acknowledged, on a disk whose mark is of the time before them, as after a power cut. */
async function behindTheMark(batches: number): Promise<World> {
  const world = new World();
  const log = await world.open({ segmentBytes });
  const mark = world.bytesOf('SYNCED');
  await appendBig(log, 1, batches);
  const cut = new World(world.disk.clone());
  cut.place('SYNCED', mark);
  return cut;
}

/** Lets reads fail of which this holds. */
function failReads(world: World, fails: (read: Operation, position: number, bytes: number) => boolean): void {
  world.disk.onOperation = (operation) => {
    const { method, path, position = 0, bytes = 0 } = operation;
    if (method === 'read' && fails(operation, position, bytes)) throw new PosixError('EIO', method, path);
  };
}

describe('a disk that fails reads while the log is opened', () => {
  // A read that failed left zeros, and these were written over good batches, or taken for a torn write.
  it.each([1, 2, 3, 4, 5])('given %d reads in a row fail, wherever that is, then no batch is lost', async (times) => {
    for (let after = 0; ; after += 1) {
      const world = await behindTheMark(20);
      const failing = world.disk.inject({ method: 'read', path: /\/log\//, code: 'EIO', after, times });
      const log = await world.open({ segmentBytes }).catch((error: unknown) => {
        if (error instanceof LogError && (error.code === 'io' || error.code === 'corrupt')) return undefined;
        throw error;
      });
      await log?.close();
      const again = await new World(world.disk.clone()).open({ segmentBytes });
      expect(await readAround(again), `${times} from ${after}`).toEqual({ values: words(1, 20), holes: [] });
      if (failing.failedCount < times) break;
    }
  });

  it.each([
    ['found out', 1],
    ['written once more', 2],
  ])(
    'given one block fails just once as the batches behind the mark are %s, then no batch is lost',
    async (_, reading) => {
      const world = await behindTheMark(20);
      let [whole, block] = [0, 0];
      failReads(world, ({ path }, position, bytes) => {
        if (!path.endsWith('.log') || bytes <= 64) return false;
        if (position === 64 && bytes > 4096) {
          whole += 1;
          return whole === reading;
        }
        if (whole !== reading || position !== 8192) return false;
        block += 1;
        return block === 1;
      });
      const log = await world.open({ segmentBytes }).catch(() => undefined);
      world.disk.onOperation = undefined;
      await log?.close();
      const again = await world.open({ segmentBytes });
      expect(await readAround(again)).toEqual({ values: words(1, 20), holes: [] });
    },
  );

  it('given a block behind the mark that cannot be read for good, then the log is refused, and nothing changes', async () => {
    const world = await behindTheMark(20);
    const before = world.snapshot;
    failReads(
      world,
      ({ path }, position, bytes) => path.endsWith('.log') && position < 12_288 && position + bytes > 8192,
    );
    expect((await refused(world.open({ segmentBytes }), 'io')).message).toMatch(/torn write/);
    expect(world.snapshot).toEqual(before);
  });

  it('given a torn batch in front of a block that cannot be read, then both are cut', async () => {
    const world = await behindTheMark(20);
    const [name] = world.names.filter((found) => found.endsWith('.log'));
    world.flip(name!, 64 + 70);
    failReads(
      world,
      ({ path }, position, bytes) => path.endsWith('.log') && position < 12_288 && position + bytes > 8192,
    );
    const log = await world.open({ segmentBytes });
    expect(log.tail.index).toBe(0);
    expect(log.damage).toEqual([]);
  });
});

describe('a bad sector', () => {
  async function written(): Promise<World> {
    const world = new World();
    const log = await world.open({ checkpoint: () => Buffer.from('state') });
    await log.saveHardState({ term: 3, vote: 'a', commitHint: 0, storageId: '0'.repeat(32) });
    await appendBig(log, 1, 10);
    await log.close();
    return world;
  }

  it.each([
    ['HARDSTATE', 0],
    ['HARDSTATE', 4096],
    ['SYNCED', 0],
    ['SYNCED', 4096],
  ])('given one in %s at %d, then the other copy counts, and the log is whole', async (name, at) => {
    const world = await written();
    failReads(
      world,
      ({ path }, position, bytes) => path.endsWith(name) && position < at + 512 && position + bytes > at,
    );
    const log = await world.open();
    expect(log.hardState.vote).toBe('a');
    expect(await readAround(log)).toEqual({ values: words(1, 10), holes: [] });
  });

  it.each(['EIO', 'EACCES'])('given indexes that cannot be read (%s), then they are made anew', async (code) => {
    const world = await written();
    world.disk.inject({
      method: code === 'EIO' ? 'read' : 'open',
      path: /\.index$/,
      code,
      times: Number.POSITIVE_INFINITY,
    });
    expect(await readAround(await world.open())).toEqual({ values: words(1, 10), holes: [] });
  });

  it('given one in a checkpoint, then there is none for that point', async () => {
    const world = await written();
    const log = await world.open();
    const [key] = log.checkpoints;
    expect((await log.readCheckpoint(key!))?.toString()).toBe('state');
    failReads(world, ({ path }) => path.includes('CHECKPOINT'));
    expect(await log.readCheckpoint(key!)).toBeUndefined();
  });

  it('given one in MANIFEST, of which there is no copy, then the log is refused as unreadable, and nothing changes', async () => {
    const world = await written();
    const before = world.snapshot;
    failReads(world, ({ path }) => path.endsWith('MANIFEST'));
    expect((await refused(world.open(), 'io')).message).toContain('MANIFEST');
    expect(world.snapshot).toEqual(before);
  });
});
