import { SimulatedClock } from '@commitlog/simulation';
import { describe, test } from 'vitest';
import { storageConformance, transportConformance } from '../../src/conformance/index.js';
import { MemoryNetwork, MemoryStorage } from '../../src/index.js';

describe('MemoryStorage', () => {
  // A storage in memory survives its own power cuts by being the same object.
  const suite = storageConformance({
    open: async () => new MemoryStorage(),
    reopen: async (storage) => storage,
    rot: async (storage, index) => void (storage as MemoryStorage).unreadable.add(index),
    fill: async (storage, isFull) => {
      (storage as MemoryStorage).isFull = isFull;
    },
  });
  test.each(suite)('$name', ({ run }) => run());
});

describe('MemoryNetwork', () => {
  const suite = transportConformance({
    pair: async () => {
      const network = new MemoryNetwork({ clock: new SimulatedClock() });
      return { a: network.transport('a'), b: network.transport('b'), close: async () => {} };
    },
    settle: async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    },
  });
  test.each(suite)('$name', ({ run }) => run());
});
