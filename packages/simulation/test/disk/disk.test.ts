import type { OpenFile } from '@commitlog/runtime';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Operation, PosixError, PowerCutError, SeededRandom, SimulatedDisk } from '../../src/index.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (disk: SimulatedDisk, path: string): string => new TextDecoder().decode(disk.bytesOf(path));

let disk: SimulatedDisk;
beforeEach(async () => {
  disk = new SimulatedDisk();
  await disk.files.makeDirectory('/data');
});

async function create(path: string, content: string): Promise<OpenFile> {
  const file = await disk.files.open(path, 'create');
  file.write([bytes(content)], 0);
  return file;
}

/** How many turns of the microtask queue a promise takes. */
async function microtasksOf(promise: Promise<unknown>): Promise<number> {
  let isSettled = false;
  void promise.then(() => {
    isSettled = true;
  });
  let count = 0;
  for (; !isSettled; count++) await Promise.resolve();
  return count;
}

describe('the journal', () => {
  test('numbers every operation and says what it is about, with the label of the moment', async () => {
    const journal: Operation[] = [];
    disk.onOperation = (operation) => journal.push(operation);
    disk.label = 'writing';
    const file = await create('/data/a', 'abc');
    await file.read(new Uint8Array(2), 1);
    disk.label = 'making it durable';
    await file.resize(2);
    await file.sync();
    await file.size();
    await file.close();
    await disk.files.rename('/data/a', '/data/b');
    await disk.files.syncDirectory('/data/');
    const [open, write, read, resize, sync, size, close, rename, syncDirectory] = journal;
    const first = open!.number;
    expect(journal.map(({ number }) => number - first)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(open).toMatchObject({ method: 'open', path: '/data/a', label: 'writing' });
    expect(write).toMatchObject({ method: 'write', path: '/data/a', position: 0, bytes: 3 });
    expect(read).toMatchObject({ method: 'read', position: 1, bytes: 2 });
    expect(resize).toMatchObject({ method: 'resize', bytes: 2, label: 'making it durable' });
    expect([sync, size, close].map((operation) => operation?.method)).toEqual(['sync', 'size', 'close']);
    expect(rename).toMatchObject({ method: 'rename', path: '/data/a', to: '/data/b' });
    expect(syncDirectory).toMatchObject({ method: 'syncDirectory', path: '/data' });
    expect(disk.operationCount).toBe(syncDirectory!.number);
  });

  test('reports an operation before it takes effect, and one that the callback throws at has none', async () => {
    const seen: string[] = [];
    const file = await create('/data/a', 'old');
    disk.onOperation = ({ method }) => {
      seen.push(`${method} ${text(disk, '/data/a')}`);
      if (method === 'resize') throw new Error('stop here');
    };
    file.write([bytes('new')], 0);
    await expect(file.resize(0)).rejects.toThrow('stop here');
    expect(seen).toEqual(['write old', 'resize new']);
    expect(text(disk, '/data/a')).toBe('new');
  });

  test('lets a failure be made for the very operation it reports', async () => {
    const file = await create('/data/a', 'text');
    const doomed = disk.operationCount + 2;
    disk.onOperation = ({ number, method }) => {
      if (number === doomed) disk.inject({ method, code: 'EIO' });
    };
    expect(await file.size()).toBe(4);
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.sync();
  });
});

describe('the power', () => {
  test('cut at an operation stops that one and all later ones', async () => {
    const file = await create('/data/a', 'before');
    disk.onOperation = ({ method }) => {
      if (method === 'sync') disk.cutPower();
    };
    await expect(file.sync()).rejects.toThrow(PowerCutError);
    expect(() => file.write([bytes('x')], 0)).toThrow(PowerCutError);
    await expect(disk.files.list('/data')).rejects.toMatchObject({ code: 'POWER_CUT' });
    expect(disk.crash('lost', new SeededRandom(1)).paths()).toEqual([]);
    expect(text(disk.crash('kept', new SeededRandom(1)), '/data/a')).toBe('before');
  });
});

describe('a failure', () => {
  test('meets the operation it was made for, as often as asked, and then no more', async () => {
    const failure = disk.inject({ method: 'open', path: /\.log$/, code: 'EMFILE', after: 1, times: 2 });
    await create('/data/1.log', '');
    await expect(create('/data/2.log', '')).rejects.toMatchObject({ code: 'EMFILE', path: '/data/2.log' });
    await create('/data/other', '');
    await expect(disk.files.open('/data/1.log', 'read')).rejects.toThrow(PosixError);
    await disk.files.open('/data/1.log', 'read');
    expect(failure.failedCount).toBe(2);
  });

  test('is taken back', async () => {
    const failure = disk.inject({
      method: ['rename', 'remove'],
      path: '/data/b',
      code: 'EIO',
      times: Number.POSITIVE_INFINITY,
    });
    await create('/data/a', '');
    await expect(disk.files.rename('/data/a', '/data/b')).rejects.toMatchObject({ code: 'EIO' });
    failure.cancel();
    await disk.files.rename('/data/a', '/data/b');
    await disk.files.remove('/data/b');
  });

  test('of a write leaves the part that it was told to', async () => {
    const file = await create('/data/a', 'abc');
    disk.inject({ method: 'write', code: 'ENOSPC', writtenBytes: 2 });
    expect(() => file.write([bytes('de'), bytes('f')], 3)).toThrow('ENOSPC');
    expect(text(disk, '/data/a')).toBe('abcde');
    disk.inject({ method: 'write', code: 'EIO' });
    expect(() => file.write([bytes('X')], 0)).toThrow('EIO');
    expect(text(disk, '/data/a')).toBe('abcde');
  });

  test('of a read', async () => {
    const file = await create('/data/a', 'abc');
    disk.inject({ method: 'read', code: 'EIO' });
    await expect(file.read(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'EIO' });
    expect(await file.read(new Uint8Array(1), 0)).toBe(1);
  });

  test('of a sync is for good: a later one succeeds, and what the first dropped is not durable after it', async () => {
    // Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020.
    const file = await create('/data/a', 'synced ');
    await file.sync();
    await disk.files.syncDirectory('/data');
    file.write([bytes('dropped ')], 7);
    disk.inject({ method: 'sync', code: 'EIO' });
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.sync();
    expect(text(disk, '/data/a')).toBe('synced dropped ');
    expect(text(disk.crash('kept', new SeededRandom(1)), '/data/a')).toBe('synced ');
    file.write([bytes('later')], 15);
    await file.sync();
    expect(text(disk, '/data/a')).toBe('synced dropped later');
    expect(text(disk.crash('kept', new SeededRandom(1)), '/data/a')).toBe('synced \0\0\0\0\0\0\0\0later');
  });

  test('of a sync may have come after the bytes were written', async () => {
    const file = await create('/data/a', 'written');
    disk.inject({ method: 'sync', code: 'EIO' });
    await expect(file.sync()).rejects.toThrow('EIO');
    expect(text(disk.crash('kept', new SeededRandom(1)), '/data/a')).toBe('written');
    expect(disk.crash('lost', new SeededRandom(1)).paths()).toEqual([]);
  });
});

describe('a full disk', () => {
  test('takes what fits and refuses the rest, until there is room again', async () => {
    const file = await create('/data/a', '0123456789');
    disk.capacityBytes = 16;
    expect(() => file.write([bytes('abcdefgh')], 10)).toThrow('ENOSPC');
    expect(text(disk, '/data/a')).toBe('0123456789abcdef');
    expect(disk.usedBytes).toBe(16);
    file.write([bytes('OVER')], 0);
    await file.resize(10);
    file.write([bytes('again')], 10);
    expect(disk.usedBytes).toBe(15);
  });

  test('counts a removed file until it is closed, and a replaced one not at all', async () => {
    const open = await create('/data/a', 'aaaa');
    await (await create('/data/b', 'bb')).close();
    await (await create('/data/c', 'c')).close();
    await disk.files.remove('/data/a');
    expect(disk.usedBytes).toBe(7);
    await open.close();
    expect(disk.usedBytes).toBe(3);
    await disk.files.rename('/data/c', '/data/b');
    expect(disk.usedBytes).toBe(1);
    expect(disk.clone().usedBytes).toBe(1);
    expect(disk.crash('kept', new SeededRandom(1)).usedBytes).toBe(1);
    expect(disk.crash('lost', new SeededRandom(1)).usedBytes).toBe(0);
  });
});

describe('a read-only disk', () => {
  test('refuses every change and serves every read', async () => {
    const file = await create('/data/a', 'abc');
    disk.isReadOnly = true;
    expect(() => file.write([bytes('x')], 0)).toThrow('EROFS');
    const refused = [
      file.resize(0),
      disk.files.open('/data/a', 'write'),
      disk.files.open('/data/b', 'create'),
      disk.files.rename('/data/a', '/data/b'),
      disk.files.remove('/data/a'),
      disk.files.makeDirectory('/data/sub'),
      disk.files.lock('/data'),
    ];
    for (const change of refused) await expect(change).rejects.toMatchObject({ code: 'EROFS' });
    await disk.files.makeDirectory('/data');
    expect(await disk.files.list('/data')).toEqual(['a']);
    const read = await disk.files.open('/data/a', 'read');
    expect(await read.read(new Uint8Array(3), 0)).toBe(3);
  });
});

describe('a stall', () => {
  test('holds back syncs, and nothing else, until it ends', async () => {
    const file = await create('/data/a', 'before ');
    const stall = disk.stallSyncs();
    const done: string[] = [];
    const syncs = [
      file.sync().then(() => done.push('file')),
      disk.files.syncDirectory('/data').then(() => done.push('directory')),
    ];
    file.write([bytes('after')], 7);
    expect(await file.size()).toBe(12);
    expect(done).toEqual([]);
    expect(stall.waitingCount).toBe(2);
    expect(disk.crash('lost', new SeededRandom(1)).paths()).toEqual([]);
    stall.end();
    await Promise.all(syncs);
    // What came after the sync was called was not what it was called for.
    expect(text(disk.crash('lost', new SeededRandom(1)), '/data/a')).toBe('before ');
    await file.sync();
    expect(text(disk.crash('lost', new SeededRandom(1)), '/data/a')).toBe('before after');
  });

  test('ends with the power', async () => {
    const file = await create('/data/a', 'text');
    disk.stallSyncs();
    const syncing = file.sync();
    disk.cutPower();
    await expect(syncing).rejects.toThrow(PowerCutError);
    expect(disk.crash('bytes-lost', new SeededRandom(1)).bytesOf('/data/a').length).toBe(0);
  });
});

describe('a clone', () => {
  test('is what the next process finds after a kill: all that was written, nothing open, nothing locked', async () => {
    const file = await create('/data/a', 'unsynced');
    await disk.files.lock('/data');
    const clone = disk.clone();
    expect(text(clone, '/data/a')).toBe('unsynced');
    await clone.files.lock('/data');
    await file.close();
    expect(clone.crash('lost', new SeededRandom(1)).paths()).toEqual([]);
    const reopened = await clone.files.open('/data/a', 'write');
    await reopened.sync();
    await clone.files.syncDirectory('/data');
    expect(text(clone.crash('lost', new SeededRandom(1)), '/data/a')).toBe('unsynced');
    expect(disk.crash('lost', new SeededRandom(1)).paths()).toEqual([]);
  });

  test('and its original go separate ways, whichever is changed', async () => {
    const file = await create('/data/a', 'same');
    const clone = disk.clone();
    file.write([bytes('ORIG')], 0);
    await create('/data/b', '');
    expect(text(clone, '/data/a')).toBe('same');
    const other = await clone.files.open('/data/a', 'write');
    other.write([bytes('cl')], 0);
    await clone.files.remove('/data/a');
    expect(text(disk, '/data/a')).toBe('ORIG');
    expect(disk.paths()).toEqual(['/data/a', '/data/b']);
    expect(clone.paths()).toEqual([]);
  });

  test('does not disturb what is open in the original, even without a name', async () => {
    const file = await create('/data/a', 'one ');
    const clone = disk.clone();
    await disk.files.remove('/data/a');
    disk.clone();
    await disk.files.syncDirectory('/data');
    disk.clone();
    file.write([bytes('two')], 4);
    const into = new Uint8Array(7);
    await file.read(into, 0);
    expect(new TextDecoder().decode(into)).toBe('one two');
    expect(text(clone, '/data/a')).toBe('one ');
  });
});

describe('decay', () => {
  test('flips one bit of one disk, on the medium and for readers, and no sync heals it', async () => {
    disk.place('/data/a', Uint8Array.of(0, 0, 0));
    const image = disk.image();
    const decayed = new SimulatedDisk({}, image);
    decayed.flipBit('/data/a', 13);
    expect([...decayed.bytesOf('/data/a')]).toEqual([0, 0b10_0000, 0]);
    const file = await decayed.files.open('/data/a', 'write');
    await file.sync();
    file.write([Uint8Array.of(9)], 0);
    expect([...decayed.crash('lost', new SeededRandom(1)).bytesOf('/data/a')]).toEqual([0, 0b10_0000, 0]);
    expect([...disk.bytesOf('/data/a')]).toEqual([0, 0, 0]);
    expect(() => decayed.flipBit('/data/a', 24)).toThrow(RangeError);
  });

  test('of bytes in the cache is not on the medium: they are written there as the program wrote them', async () => {
    const file = await create('/data/a', '\0\0');
    await disk.files.syncDirectory('/data');
    disk.flipBit('/data/a', 0);
    expect([...disk.bytesOf('/data/a')]).toEqual([1, 0]);
    expect(disk.crash('bytes-lost', new SeededRandom(1)).bytesOf('/data/a').length).toBe(0);
    file.write([Uint8Array.of(7)], 1);
    expect([...disk.bytesOf('/data/a')]).toEqual([1, 7]);
  });
});

test('a file that is placed is there for certain, in place of the one before', () => {
  disk.place('/data/a', bytes('first, and longer'));
  disk.place('/data/a', bytes('second'));
  expect(text(disk.crash('lost', new SeededRandom(1)), '/data/a')).toBe('second');
  expect(disk.usedBytes).toBe(6);
  expect(() => disk.place('/none/a', bytes(''))).toThrow('ENOENT');
});

test('every promise is settled when it is returned: a simulation decides alone in which order things go on', async () => {
  const file = await create('/data/a', 'text');
  const { files } = disk;
  expect(await microtasksOf(files.list('/data'))).toBe(1);
  expect(await microtasksOf(file.read(new Uint8Array(4), 0))).toBe(1);
  expect(await microtasksOf(file.sync())).toBe(1);
  expect(await microtasksOf(files.syncDirectory('/data'))).toBe(1);
});
