import assert from 'node:assert/strict';
import { bootstrapEntry } from '../core/index.js';
import type { RaftStorage, StorageOperation } from '../driver/index.js';
import type { ConformanceCase, StorageUnderTest } from './case.js';
import { described, entriesOf, entry, meta, persist, readAll } from './operations.js';
import { faultCases } from './storage-faults.js';
import { snapshotCases } from './storage-snapshots.js';
import { valueCases } from './storage-values.js';

/** What every `RaftStorage` must do. */
export function storageConformance(under: StorageUnderTest): ConformanceCase[] {
  const given = async (...operations: StorageOperation[]): Promise<RaftStorage> => {
    const storage = await under.open();
    await storage.write(operations);
    return storage;
  };
  return [
    {
      name: 'an empty storage says that it is empty',
      run: async () => {
        const state = await (await under.open()).load();
        assert.deepEqual(state.hardState, { term: 0, vote: null, commit: 0 });
        assert.deepEqual(
          [state.lastIndex, state.start, state.snapshot, state.terms],
          [0, { index: 0, term: 0 }, null, []],
        );
      },
    },
    {
      name: 'what was written is there after a power cut',
      run: async () => {
        const hardState = { term: 3, vote: 'b@1' as const, commit: 2 };
        const storage = await given(persist({ hardState, entries: entriesOf(1, 1, 3) }));
        const again = await under.reopen(storage);
        const state = await again.load();
        assert.deepEqual(state.hardState, hardState);
        assert.equal(state.lastIndex, 3);
        assert.deepEqual(state.terms, [
          { first: 1, term: 1 },
          { first: 3, term: 3 },
        ]);
        assert.deepEqual(await readAll(again), described(...entriesOf(1, 1, 3)));
      },
    },
    {
      name: 'operations of one write are done in their order',
      run: async () => {
        const storage = await given(
          persist({ entries: entriesOf(1, 1, 1) }),
          persist({ truncateFrom: 2, entries: [entry(2, 2)] }),
          persist({ entries: [entry(3, 2)] }),
        );
        assert.deepEqual(await readAll(await under.reopen(storage)), described(entry(1, 1), entry(2, 2), entry(3, 2)));
      },
    },
    {
      name: 'a cut without entries is kept, and the log goes on from there',
      run: async () => {
        const storage = await given(persist({ entries: entriesOf(1, 1, 1) }));
        await storage.write([persist({ truncateFrom: 2 })]);
        const again = await under.reopen(storage);
        assert.equal((await again.load()).lastIndex, 1);
        await again.write([persist({ entries: [entry(2, 5)] })]);
        assert.deepEqual(await readAll(await under.reopen(again)), described(entry(1, 1), entry(2, 5)));
      },
    },
    {
      name: 'a read returns at least one entry and respects the byte cap beyond it',
      run: async () => {
        const storage = await given(persist({ entries: entriesOf(1, 1, 1, 1) }));
        assert.equal((await storage.read(1, 4, 1)).length, 1);
        assert.equal((await storage.read(2, 3, 1_000_000)).length, 2);
        assert.equal((await storage.read(5, 9, 1_000_000)).length, 0);
      },
    },
    {
      name: 'a read stops before the byte cap, wherever that lies',
      run: async () => {
        const data = new Uint8Array(1000).fill(7);
        const entries = entriesOf(1, 1, 1, 1, 1).map((each) => ({ ...each, data }));
        const storage = await given(persist({ entries }));
        for (const bytesMax of [1500, 2500, 3500]) {
          const found = await storage.read(1, 5, bytesMax);
          assert.ok(found.length >= 1, 'there is at least one entry');
          assert.ok(
            found.length * 1000 <= bytesMax,
            `${found.length} entries of 1000 bytes, at most ${bytesMax} bytes`,
          );
          const next = await storage.read(found.length + 1, 5, bytesMax);
          assert.equal(next[0]?.index, found.length + 1);
        }
      },
    },
    {
      name: 'configuration entries are told',
      run: async () => {
        const storage = await given(
          persist({ entries: [bootstrapEntry({ voters: ['a@1'], learners: [] }), entry(2, 1)] }),
        );
        const { configurations } = await (await under.reopen(storage)).load();
        assert.deepEqual(
          configurations.map((placed) => [placed.index, placed.configuration.voters]),
          [[1, ['a@1']]],
        );
      },
    },
    {
      name: 'a saved snapshot lets the log forget, and is read in parts',
      run: async () => {
        const data = Uint8Array.from({ length: 1000 }, (_, at) => at & 0xff);
        const storage = await given(persist({ entries: entriesOf(1, 1, 2, 2) }));
        await storage.write([{ kind: 'save-snapshot', snapshot: meta(3, 2), data, logStart: 2 }]);
        const again = await under.reopen(storage);
        const state = await again.load();
        assert.deepEqual([state.snapshot?.index, state.start, state.lastIndex], [3, { index: 2, term: 1 }, 4]);
        assert.deepEqual(await readAll(again), described(entry(3, 2), entry(4, 2)));
        const parts: number[] = [];
        for (let offset = 0; ; ) {
          const part = await again.readSnapshot('snapshot 3', offset, 300);
          assert.ok(part !== null);
          parts.push(...part.data);
          offset += part.data.byteLength;
          if (part.isLast) break;
        }
        assert.deepEqual(Uint8Array.from(parts), data);
        assert.equal(await again.readSnapshot('another', 0, 300), null);
      },
    },
    {
      name: 'a staged snapshot takes the place of the log when it is installed, not before',
      run: async () => {
        const storage = await given(persist({ entries: entriesOf(1, 1) }));
        const snapshot = meta(9, 4);
        await storage.write([
          { kind: 'stage-chunk', snapshot, offset: 0, data: Uint8Array.of(1, 2) },
          { kind: 'stage-chunk', snapshot, offset: 2, data: Uint8Array.of(3) },
        ]);
        assert.equal((await storage.load()).snapshot, null);
        await storage.write([
          { kind: 'stage-chunk', snapshot, offset: 0, data: Uint8Array.of(1, 2) },
          { kind: 'stage-chunk', snapshot, offset: 2, data: Uint8Array.of(3) },
          persist({ install: snapshot }),
        ]);
        const again = await under.reopen(storage);
        const state = await again.load();
        assert.deepEqual([state.snapshot, state.start, state.lastIndex], [snapshot, { index: 9, term: 4 }, 9]);
        assert.deepEqual([...((await again.readSnapshot(snapshot.id, 0, 99))?.data ?? [])], [1, 2, 3]);
        await again.write([persist({ entries: [entry(10, 4)] })]);
        assert.deepEqual(await readAll(again), described(entry(10, 4)));
      },
    },
    {
      name: 'installing keeps the entries above, unless the same operation cuts them',
      run: async () => {
        const snapshot = meta(2, 1);
        const stage: StorageOperation = { kind: 'stage-chunk', snapshot, offset: 0, data: Uint8Array.of(7) };
        const kept = await given(persist({ entries: entriesOf(1, 1, 1) }), stage, persist({ install: snapshot }));
        assert.deepEqual(await readAll(await under.reopen(kept)), described(entry(3, 1)));
        const cut = await given(
          persist({ entries: entriesOf(1, 1, 1) }),
          stage,
          persist({ install: snapshot, truncateFrom: 3 }),
        );
        assert.deepEqual(await readAll(await under.reopen(cut)), []);
      },
    },
    {
      name: 'a repair takes the place of its entry and of nothing else',
      run: async () => {
        const storage = await given(persist({ entries: entriesOf(1, 1, 1) }));
        await storage.write([persist({ repairs: [entry(2, 1)] })]);
        assert.deepEqual(await readAll(await under.reopen(storage)), described(...entriesOf(1, 1, 1)));
      },
    },
    ...valueCases(under),
    ...snapshotCases(under),
    ...faultCases(under),
  ];
}
