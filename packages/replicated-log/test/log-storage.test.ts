import {
  type Entry,
  encodeConfiguration,
  type Membership,
  NoSpaceError,
  type SnapshotMeta,
  type StorageOperation,
  UnreadableError,
} from '@commitlog/raft';
import { batches, indexOf } from '@commitlog/record';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { encodeState, stateFrom } from '../src/derived-state.js';
import { LogStorage, type LogStorageSettings, memberIdBytesMax } from '../src/index.js';
import { controlBatchAt, dataEntry } from './entries.js';

const founders: Membership = { voters: ['a@1', 'b@1', 'c@1'], learners: [] };

function open(disk: SimulatedDisk, settings: Partial<LogStorageSettings> = {}): Promise<LogStorage> {
  const { files } = disk;
  return LogStorage.open({ dir: '/member', segmentBytes: 4096, ...settings }, { files, clock: new SimulatedClock() });
}

/** What a process that was killed leaves, opened by the next. */
function reopen(disk: SimulatedDisk, settings: Partial<LogStorageSettings> = {}): Promise<LogStorage> {
  return open(disk.clone(), settings);
}

function persist(given: Partial<Extract<StorageOperation, { kind: 'persist' }>>): StorageOperation {
  return { kind: 'persist', entries: [], repairs: [], ...given };
}

/** Of about 1 KiB: three fill a segment. */
function big(index: number, term = 1): Entry {
  return dataEntry(index, term, `${index} `.padEnd(1000, '.'));
}

function bigs(first: number, last: number, term = 1): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => big(first + at, term));
}

function meta(index: number, term: number): SnapshotMeta {
  const configuration = { ...founders, outgoing: [] };
  return { id: `s${index}`, index, term, configuration, configurationIndex: 0 };
}

/** Inverts a bit of a batch in its segment. */
function rot(disk: SimulatedDisk, { data }: Entry, at: number): void {
  for (const path of disk.paths().filter((each) => each.endsWith('.log'))) {
    const found = Buffer.from(disk.bytesOf(path)).indexOf(data);
    if (found >= 0) disk.flipBit(path, (found + at) * 8);
  }
}

const [header, body] = [20, 80];

async function indexesOf(storage: LogStorage): Promise<number[]> {
  const found: number[] = [];
  for await (const { bytes } of storage.log.slices({ from: 'start' })) {
    for (const batch of batches(bytes)) found.push(indexOf(batch));
  }
  return found;
}

test('given founders, then each writes the same first entry, once', async () => {
  const disks = [new SimulatedDisk(), new SimulatedDisk()];
  const first: string[] = [];
  for (const disk of disks) {
    await (await open(disk, { founders, storageId: '0f'.repeat(16) })).close();
    const storage = await reopen(disk, { founders });
    const state = await storage.load();
    expect(state).toMatchObject({ lastIndex: 1, hardState: { term: 1, vote: null } });
    expect(state.configurations).toEqual([{ index: 1, configuration: { ...founders, outgoing: [] } }]);
    expect(storage.storageId).toBe('0f'.repeat(16));
    first.push(Buffer.from((await storage.read(1, 1, 1))[0]!.data).toString('hex'));
  }
  expect(first[0]).toBe(first[1]);
});

test('a founder whose id the hard state cannot hold is refused', async () => {
  const long = `${'n'.repeat(memberIdBytesMax)}@1` as const;
  await expect(open(new SimulatedDisk(), { founders: { voters: [long], learners: [] } })).rejects.toThrow(
    /at most 255 bytes of UTF-8, got 257/,
  );
});

test('the operations of one write share a write and a sync', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk, { segmentBytes: 1 << 20 });
  const operations: string[] = [];
  disk.onOperation = ({ method, path }) => void operations.push(`${method} ${path.split('/').at(-1)}`);
  await storage.write([
    persist({ entries: bigs(1, 3) }),
    persist({ entries: [big(4)] }),
    persist({ entries: bigs(5, 9) }),
  ]);
  expect(operations).toEqual(['write 00000000000000000001-1.log', 'sync 00000000000000000001-1.log']);
});

test('what is written is the very bytes of the entries, and nothing else holds them', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk, { segmentBytes: 1 << 20 });
  await storage.write([persist({ entries: bigs(1, 5) })]);
  const written = Buffer.concat(bigs(1, 5).map(({ data }) => data));
  const holding = disk.paths().filter((path) => Buffer.from(disk.bytesOf(path)).includes(written));
  expect(holding).toEqual(['/member/log/00000000000000000001-1.log']);
});

test('entries whose bytes say something else are not written', async () => {
  const storage = await open(new SimulatedDisk());
  const wrong = { ...big(1), term: 2 };
  await expect(storage.write([persist({ entries: [wrong] })])).rejects.toThrow(
    /entry 1 of term 2 must be a batch stamped so/,
  );
  expect((await storage.load()).lastIndex).toBe(0);
});

test('given a full disk, then whole operations stay and the rest is refused; hard states and cuts go through, and all does once there is room', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk);
  await storage.write([persist({ hardState: { term: 1, vote: 'a@1', commit: 0 }, entries: bigs(1, 2) })]);
  disk.capacityBytes = disk.usedBytes + 8000;
  const write = storage.write([
    persist({ entries: [big(3)] }),
    persist({ entries: bigs(4, 12) }),
    persist({ entries: [big(13)] }),
  ]);
  const error = await write.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NoSpaceError);
  expect((error as NoSpaceError).done).toBe(1);
  expect((await storage.load()).lastIndex).toBe(3);

  disk.capacityBytes = disk.usedBytes;
  expect(await storage.hasSpace()).toBe(false);
  await storage.write([persist({ hardState: { term: 2, vote: 'b@1', commit: 1 }, truncateFrom: 2 })]);
  disk.capacityBytes = disk.usedBytes;
  await expect(storage.write([persist({ entries: [big(2, 2)] })])).rejects.toThrow(NoSpaceError);
  const roomy = disk.clone();
  roomy.capacityBytes = Number.POSITIVE_INFINITY;
  const state = await (await open(roomy)).load();
  expect(state).toMatchObject({ lastIndex: 1, hardState: { term: 2, vote: 'b@1', commit: 1 } });

  disk.capacityBytes = Number.POSITIVE_INFINITY;
  expect(await storage.hasSpace()).toBe(true);
  await storage.write([persist({ entries: bigs(2, 6, 2) })]);
  expect(await indexesOf(storage)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('given a disk that is full, then a snapshot longer than the reserve is refused part by part, and installed once its last part had room', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk);
  const snapshot = meta(50, 1);
  const producers = Buffer.alloc(600_000, 'producers');
  const data = encodeState({ ...stateFrom({ index: 50, term: 1, nextOffset: 50, appendTime: 0 }), producers });
  const half = Math.ceil(data.length / 2);
  const stage = (offset: number): StorageOperation => {
    return { kind: 'stage-chunk', snapshot, offset, data: data.subarray(offset, offset + half) };
  };
  await storage.write([stage(0)]);
  disk.capacityBytes = disk.usedBytes;
  await expect(storage.write([stage(half)])).rejects.toThrow(NoSpaceError);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  await storage.write([stage(0), stage(half)]);
  disk.capacityBytes = disk.usedBytes;
  await storage.write([persist({ install: snapshot })]);
  expect((await storage.load()).start).toEqual({ index: 50, term: 1 });
  expect((await storage.readSnapshot(snapshot.id, 0, data.length))?.data).toEqual(data);
});

test('given a full disk, when the process restarts, then the log can be read', async () => {
  const disk = new SimulatedDisk();
  await (await open(disk)).write([persist({ entries: bigs(1, 5) })]);
  disk.capacityBytes = disk.usedBytes;
  const storage = await reopen(disk);
  expect(await indexesOf(storage)).toEqual([1, 2, 3, 4, 5]);
  expect(await storage.hasSpace()).toBe(false);
});

test('given a failed sync, then the write fails for good, and so does every later one', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk);
  disk.inject({ method: 'sync', path: /-1\.log$/, code: 'EIO' });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(storage.write([persist({ entries: [big(1)] })])).rejects.toMatchObject({ code: 'fenced' });
  }
});

test.each([
  ['body', body],
  ['header', header],
])(
  'given a batch with a damaged %s, then it is named with its term, and mended by what a peer sends',
  async (_part, at) => {
    const disk = new SimulatedDisk();
    await (await open(disk)).write([persist({ entries: [...bigs(1, 5), ...bigs(6, 9, 2)] })]);
    const damaged = disk.clone();
    rot(damaged, big(3), at);
    const storage = await open(damaged);
    await expect(storage.read(3, 9, 1_000_000)).rejects.toMatchObject({ indexes: [3] });
    expect(await storage.read(1, 9, 1_000_000).then((entries) => entries.map(({ index }) => index))).toEqual([1, 2]);
    expect(await storage.load()).toMatchObject({
      unreadable: [3],
      lastIndex: 9,
      terms: [
        { first: 1, term: 1 },
        { first: 6, term: 2 },
      ],
    });
    await storage.write([persist({ repairs: [big(3)] })]);
    expect((await storage.load()).unreadable).toEqual([]);
    expect(await indexesOf(storage)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  },
);

test('given damage in the last segment, then a configuration that it hides is known all the same', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk, { segmentBytes: 1 << 20 });
  const configuration = { ...founders, outgoing: [] };
  const data = controlBatchAt('configuration', 2, 1, 1, encodeConfiguration(configuration));
  const entry: Entry = { index: 2, term: 1, type: 'configuration', data };
  await storage.write([persist({ entries: [big(1), entry] })]);
  await storage.write([persist({ entries: [dataEntry(3, 1, 'x', 1)] })]);
  const damaged = disk.clone();
  rot(damaged, entry, header);
  const state = await (await open(damaged)).load();
  expect(state).toMatchObject({ configurations: [{ index: 2, configuration }], unreadable: [2], lastIndex: 3 });
});

test('given damage that hides where a term began, then the storage refuses to open, and says what to do', async () => {
  const disk = new SimulatedDisk();
  await (await open(disk)).write([persist({ entries: [big(1), big(2, 2), big(3, 2), big(4, 2), big(5, 2)] })]);
  const damaged = disk.clone();
  for (const index of [1, 2]) rot(damaged, big(index, index === 1 ? 1 : 2), header);
  // Found by whoever reads it first; from then on it is known.
  await expect(open(damaged)).rejects.toThrow(/damage hides the terms of entries 1 to 2/);
});

test('given a lost file of configurations, then they are found in the log', async () => {
  const disk = new SimulatedDisk();
  await (await open(disk, { founders })).close();
  disk.flipBit('/member/CONFIGURATIONS', 100);
  const { configurations } = await (await open(disk)).load();
  expect(configurations).toEqual([{ index: 1, configuration: { ...founders, outgoing: [] } }]);
});

test('given a snapshot that cannot be read any more, then the same is derived from where the log starts', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk, { founders });
  await storage.write([persist({ entries: [2, 3, 4].map((index) => dataEntry(index, 1, 'x', index - 2)) })]);
  const snapshot = { ...meta(3, 1), configurationIndex: 1 };
  const data = await stateAt(storage, 3);
  await storage.write([{ kind: 'save-snapshot', snapshot, data, logStart: 3 }]);
  await storage.close();
  disk.flipBit('/member/SNAPSHOT', 300);
  const again = await open(disk);
  const { snapshot: derived, start } = await again.load();
  expect([start, derived]).toEqual([
    { index: 3, term: 1 },
    { ...snapshot, id: 'derived.3.1' },
  ]);
  expect((await again.readSnapshot('derived.3.1', 0, 1000))?.data).toEqual(data);
});

test('given a configuration that was cut, and a snapshot that cannot be read any more, then what is derived has the members of before', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk, { founders });
  const never = encodeConfiguration({ voters: ['x@1'], outgoing: [], learners: [] });
  const cut: Entry = {
    index: 2,
    term: 2,
    type: 'configuration',
    data: controlBatchAt('configuration', 2, 2, 0, never),
  };
  await storage.write([persist({ entries: [cut] })]);
  const entries = [2, 3, 4].map((index) => dataEntry(index, 3, 'x', index - 2));
  await storage.write([persist({ truncateFrom: 2, entries })]);
  const snapshot = { ...meta(3, 3), configurationIndex: 1 };
  await storage.write([{ kind: 'save-snapshot', snapshot, data: await stateAt(storage, 3), logStart: 3 }]);
  await storage.close();
  disk.flipBit('/member/SNAPSHOT', 300);
  expect((await (await open(disk)).load()).snapshot).toEqual({ ...snapshot, id: 'derived.3.3' });
});

test('a snapshot that is no state of this log at that entry is refused', async () => {
  const storage = await open(new SimulatedDisk());
  await storage.write([persist({ entries: bigs(1, 3) })]);
  const save = (data: Uint8Array): Promise<void> =>
    storage.write([{ kind: 'save-snapshot', snapshot: meta(2, 1), data, logStart: 2 }]);
  await expect(save(Buffer.from('something'))).rejects.toThrow(/what its logMachine gives/);
  await expect(save(await stateAt(storage, 3))).rejects.toThrow(/holds the state of a log that starts behind entry 3/);
});

test('given a hole right before a snapshot ends, when it is installed, then the log starts behind it and what follows stays', async () => {
  const disk = new SimulatedDisk();
  await (await open(disk)).write([persist({ entries: bigs(1, 9) })]);
  const damaged = disk.clone();
  rot(damaged, big(5), header);
  const storage = await open(damaged);
  await expect(storage.read(5, 9, 1)).rejects.toThrow(UnreadableError);
  const snapshot = meta(5, 1);
  const data = encodeState(stateFrom({ index: 5, term: 1, nextOffset: 5, appendTime: 0 }));
  await storage.write([{ kind: 'stage-chunk', snapshot, offset: 0, data }, persist({ install: snapshot })]);
  expect(await storage.load()).toMatchObject({ start: { index: 5, term: 1 }, lastIndex: 9, unreadable: [] });
  expect(await indexesOf(storage)).toEqual([6, 7, 8, 9]);
});

test('given a hole where another log is to be cut, when a snapshot takes the place of all of it, then it does', async () => {
  const disk = new SimulatedDisk();
  await (await open(disk)).write([persist({ entries: bigs(1, 9) })]);
  const damaged = disk.clone();
  rot(damaged, big(5), header);
  const storage = await open(damaged);
  await expect(storage.read(5, 9, 1)).rejects.toThrow(UnreadableError);
  const snapshot = meta(5, 3);
  const data = encodeState(stateFrom({ index: 5, term: 3, nextOffset: 4, appendTime: 0 }));
  const stage: StorageOperation = { kind: 'stage-chunk', snapshot, offset: 0, data };
  await storage.write([stage, persist({ install: snapshot, truncateFrom: 6 })]);
  await storage.close();
  const state = await (await open(damaged)).load();
  expect(state).toMatchObject({ snapshot, start: { index: 5, term: 3 }, lastIndex: 5, unreadable: [] });
});

test('given a member that ended with entries in memory only, when another is started on its storage, then it goes on where the disk ends', async () => {
  const storage = await open(new SimulatedDisk());
  await storage.write([persist({ entries: bigs(1, 3) })]);
  for (const entry of bigs(4, 6)) storage.format.appended(entry);
  expect((await storage.load()).lastIndex).toBe(3);
  const noop = storage.format.place('noop', new Uint8Array(0), 4, 2);
  await storage.write([persist({ entries: [{ index: 4, term: 2, type: 'noop', data: noop }] })]);
  expect(await indexesOf(storage)).toEqual([1, 2, 3, 4]);
});

test('an older snapshot than the newest, and one below the start, change nothing', async () => {
  const storage = await open(new SimulatedDisk());
  await storage.write([persist({ entries: bigs(1, 9) })]);
  await storage.write([{ kind: 'save-snapshot', snapshot: meta(7, 1), data: await stateAt(storage, 7), logStart: 6 }]);
  const before = await storage.load();
  const [snapshot, data] = [meta(4, 1), encodeState(stateFrom({ index: 4, term: 1, nextOffset: 4, appendTime: 0 }))];
  await storage.write([{ kind: 'save-snapshot', snapshot, data, logStart: 4 }]);
  await storage.write([{ kind: 'stage-chunk', snapshot, offset: 0, data }, persist({ install: snapshot })]);
  expect(await storage.load()).toEqual(before);
});

/** The state of a log that starts behind an entry. */
async function stateAt({ log }: LogStorage, index: number): Promise<Buffer> {
  return encodeState(stateFrom(await log.positionAt(index)));
}

test('given a disk that was full, when it is asked for room twice at once, and written to meanwhile, then all goes well', async () => {
  const disk = new SimulatedDisk();
  const storage = await open(disk);
  await storage.write([persist({ entries: bigs(1, 3) })]);
  disk.capacityBytes = disk.usedBytes;
  // The reserve is given up.
  await storage.write([persist({ truncateFrom: 2 })]);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  const asked = [storage.hasSpace(), storage.hasSpace(), storage.write([persist({ entries: bigs(2, 3) })])];
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(asked.map(() => 'fulfilled'));
});
