import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Entry, RaftStorage } from '@commitlog/raft';
import { type StorageUnderTest, storageConformance } from '@commitlog/raft/conformance';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { SeededRandom, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { afterAll, describe, test } from 'vitest';
import { encodeState } from '../src/derived-state.js';
import { LogStorage } from '../src/index.js';
import { batchAt, controlBatchAt } from './entries.js';

/** The suite's entries as batches of one record each, and its snapshots as the state of such a log. */
const inBatches: Pick<StorageUnderTest, 'formatted' | 'state'> = {
  formatted: ({ index, term, type, data }: Entry, before) =>
    type === 'data' ? batchAt(index, term, before, Buffer.from(data)) : controlBatchAt(type, index, term, before, data),
  state: ({ index, term }) => encodeState({ index, term, nextOffset: index, appendTime: 0 }),
};

describe('LogStorage on a disk that loses power', () => {
  const disks = new Map<RaftStorage, SimulatedDisk>();
  const open = async (disk: SimulatedDisk): Promise<RaftStorage> => {
    const storage = await LogStorage.open({ dir: '/member' }, { files: disk.files, clock: new SimulatedClock() });
    disks.set(storage, disk);
    return storage;
  };
  const suite = storageConformance({
    ...inBatches,
    open: () => open(new SimulatedDisk()),
    reopen: (storage) => open(disks.get(storage)!.crash('lost', new SeededRandom('conformance'))),
  });
  test.each(suite)('$name', ({ run }) => run());
});

describe('LogStorage on this disk', () => {
  const made: string[] = [];
  const dirs = new Map<RaftStorage, string>();
  const open = async (dir: string): Promise<RaftStorage> => {
    const storage = await LogStorage.open({ dir }, { files: nodeFiles, clock: nodeClock });
    dirs.set(storage, dir);
    return storage;
  };
  const suite = storageConformance({
    ...inBatches,
    open: async () => {
      const dir = await mkdtemp(`${tmpdir()}/replicated-log-`);
      made.push(dir);
      return open(dir);
    },
    reopen: async (storage) => {
      await (storage as LogStorage).close();
      return open(dirs.get(storage)!);
    },
  });
  test.each(suite)('$name', ({ run }) => run());
  afterAll(async () => {
    for (const storage of dirs.keys()) await (storage as LogStorage).close();
    for (const dir of made) await rm(dir, { recursive: true });
  });
});
