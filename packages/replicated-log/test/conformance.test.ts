import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { RaftStorage } from '@commitlog/raft';
import { storageConformance } from '@commitlog/raft/conformance';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { SeededRandom, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { afterAll, describe, test } from 'vitest';
import { LogStorage } from '../src/index.js';
import { PlainStorage } from './plain-storage.js';

describe('LogStorage on a disk that loses power, rots and runs full', () => {
  const worlds = new Map<RaftStorage, { readonly disk: SimulatedDisk; readonly clock: SimulatedClock }>();
  const open = async (disk: SimulatedDisk, before?: RaftStorage): Promise<RaftStorage> => {
    const clock = new SimulatedClock();
    const opened = await LogStorage.open({ dir: '/member' }, { files: disk.files, clock });
    const storage = new PlainStorage(opened, before as PlainStorage | undefined);
    worlds.set(storage, { disk, clock });
    return storage;
  };
  const suite = storageConformance({
    open: () => open(new SimulatedDisk()),
    reopen: (storage) => open(worlds.get(storage)!.disk.crash('lost', new SeededRandom('conformance')), storage),
    rot: async (storage, index) => {
      const { disk, clock } = worlds.get(storage)!;
      // Until a second has gone by, the log cannot tell what rots in its last group from what was torn: it says so.
      clock.advance(1500);
      for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
      const [entry] = await (storage as PlainStorage).storage.read(index, index, 1);
      const path = disk.paths().find((each) => each.endsWith('-1.log'))!;
      const at = Buffer.from(disk.bytesOf(path)).indexOf(entry!.data);
      disk.flipBit(path, (at + 70) * 8);
    },
    fill: async (storage, isFull) => {
      const { disk } = worlds.get(storage)!;
      disk.capacityBytes = isFull ? disk.usedBytes : Number.POSITIVE_INFINITY;
    },
  });
  test.each(suite)('$name', ({ run }) => run());
});

describe('LogStorage on this disk', () => {
  const made: string[] = [];
  const dirs = new Map<RaftStorage, string>();
  const open = async (dir: string, before?: RaftStorage): Promise<RaftStorage> => {
    const opened = await LogStorage.open({ dir }, { files: nodeFiles, clock: nodeClock });
    const storage = new PlainStorage(opened, before as PlainStorage | undefined);
    dirs.set(storage, dir);
    return storage;
  };
  const newDirectory = async (): Promise<string> => {
    made.push(await mkdtemp(`${tmpdir()}/replicated-log-`));
    return made.at(-1)!;
  };
  const suite = storageConformance({
    open: async () => open(await newDirectory()),
    // What is in the files, by another process: the first one goes on, and has its lock.
    reopen: async (storage) => {
      const copy = await newDirectory();
      await cp(dirs.get(storage)!, copy, { recursive: true, filter: (path) => !path.includes('/LOCK') });
      return open(copy, storage);
    },
  });
  test.each(suite)('$name', ({ run }) => run());
  afterAll(async () => {
    try {
      for (const storage of dirs.keys()) await (storage as PlainStorage).storage.close();
    } finally {
      for (const dir of made) await rm(dir, { recursive: true });
    }
  });
});
