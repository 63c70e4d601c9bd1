import assert from 'node:assert/strict';
import { type Entry, encodeConfiguration, type HardState } from '../core/index.js';
import type { RaftStorage, StorageOperation } from '../driver/index.js';
import type { ConformanceCase, StorageUnderTest } from './case.js';
import { binary, entriesFrom, high, shown } from './messages.js';
import { described, entriesOf, entry, meta, persist, readAll } from './operations.js';

async function entriesIn(storage: RaftStorage): Promise<Entry[]> {
  const { start, lastIndex } = await storage.load();
  const found: Entry[] = [];
  while (start.index + found.length < lastIndex) {
    const part = await storage.read(start.index + found.length + 1, lastIndex, 1);
    assert.ok(part.length > 0, `there is an entry ${start.index + found.length + 1}`);
    found.push(...part);
  }
  return found;
}

/** What is kept comes back as it was, to the last bit, and what is old takes nobody's place. */
export function valueCases(under: StorageUnderTest): ConformanceCase[] {
  const given = async (...operations: StorageOperation[]): Promise<RaftStorage> => {
    const storage = await under.open();
    await storage.write(operations);
    return storage;
  };
  const stage = (snapshot = meta(2, 1), data = Uint8Array.of(7)): StorageOperation => {
    return { kind: 'stage-chunk', snapshot, offset: 0, data };
  };
  return [
    {
      name: 'a hard state is kept when it comes alone, and each takes the place of the one before, a vote for nobody too',
      run: async () => {
        const storage = await given(persist({ entries: entriesOf(1) }));
        const states: HardState[] = [
          { term: 3, vote: 'b@1', commit: 1 },
          { term: high, vote: null, commit: 0 },
          { term: high, vote: 'é@1', commit: 1 },
        ];
        let last = storage;
        for (const hardState of states) {
          await last.write([persist({ hardState })]);
          last = await under.reopen(last);
          assert.deepEqual((await last.load()).hardState, hardState);
        }
      },
    },
    {
      name: 'entries keep their type, their bytes and their emptiness',
      run: async () => {
        const entries = [...entriesFrom(1, 1), ...entriesFrom(5, high)];
        const found = await entriesIn(await under.reopen(await given(persist({ entries }))));
        assert.deepEqual(found.map(shown), entries.map(shown));
      },
    },
    {
      name: 'indexes go beyond 32 bits',
      run: async () => {
        const snapshot = meta(high, 2);
        const entries = entriesFrom(high + 1, 2 ** 33);
        const storage = await given(stage(snapshot), persist({ install: snapshot }), persist({ entries }));
        const again = await under.reopen(storage);
        assert.deepEqual((await again.load()).start, { index: high, term: 2 });
        assert.deepEqual((await entriesIn(again)).map(shown), entries.map(shown));
      },
    },
    {
      name: 'what one read has returned does not change with the next',
      run: async () => {
        const storage = await given(persist({ entries: entriesOf(1, 1) }));
        const first = await storage.read(1, 1, 1000);
        const before = first.map(shown);
        await storage.read(2, 2, 1000);
        assert.deepEqual(first.map(shown), before);
      },
    },
    {
      name: 'terms and configurations of entries that were cut are told no more',
      run: async () => {
        const configuration = (index: number, term: number, voter: 'a@1' | 'b@1'): Entry => {
          const data = encodeConfiguration({ voters: [voter], outgoing: [], learners: [] });
          return { index, term, type: 'configuration', data };
        };
        const storage = await given(persist({ entries: [entry(1, 1), configuration(2, 2, 'a@1'), entry(3, 2)] }));
        await storage.write([persist({ truncateFrom: 2, entries: [entry(2, 4), configuration(3, 5, 'b@1')] })]);
        for (const each of [storage, await under.reopen(storage)]) {
          const { terms, configurations } = await each.load();
          assert.deepEqual(terms, [
            { first: 1, term: 1 },
            { first: 2, term: 4 },
            { first: 3, term: 5 },
          ]);
          assert.deepEqual(
            configurations.map((placed) => [placed.index, placed.configuration.voters]),
            [[3, ['b@1']]],
          );
        }
      },
    },
    {
      name: 'a part at offset 0 starts a snapshot over, whatever was staged before',
      run: async () => {
        const snapshot = meta(9, 4);
        const part = (offset: number, ...bytes: number[]): StorageOperation => {
          return { kind: 'stage-chunk', snapshot, offset, data: Uint8Array.from(bytes) };
        };
        const storage = await given(part(0, 1, 2), part(2, 3, 4), part(4, 5));
        await storage.write([part(0, 6, 7), part(2, 8), persist({ install: snapshot })]);
        assert.deepEqual([...((await storage.readSnapshot(snapshot.id, 0, 99))?.data ?? [])], [6, 7, 8]);
      },
    },
    {
      name: 'reading a snapshot comes to an end, an empty one too',
      run: async () => {
        const save = (index: number, data: Uint8Array): StorageOperation => {
          return { kind: 'save-snapshot', snapshot: meta(index, 1), data, logStart: 0 };
        };
        const storage = await given(persist({ entries: entriesOf(1, 1, 1) }), save(1, new Uint8Array(0)));
        assert.equal((await storage.readSnapshot('snapshot 1', 0, 9))?.isLast, true);
        await storage.write([save(2, binary)]);
        const last = await storage.readSnapshot('snapshot 2', binary.byteLength, 9);
        assert.deepEqual([last?.data.byteLength, last?.isLast], [0, true]);
      },
    },
    {
      name: 'a snapshot of its own that is older than the newest changes nothing',
      run: async () => {
        const [older, newer] = [meta(2, 1), meta(4, 1)];
        const storage = await given(
          persist({ entries: entriesOf(1, 1, 1, 1, 1) }),
          stage(newer),
          persist({ install: newer }),
        );
        await storage.write([{ kind: 'save-snapshot', snapshot: older, data: Uint8Array.of(1), logStart: 2 }]);
        const again = await under.reopen(storage);
        const { snapshot, start } = await again.load();
        assert.deepEqual([snapshot, start], [newer, { index: 4, term: 1 }]);
        assert.deepEqual([...((await again.readSnapshot(newer.id, 0, 9))?.data ?? [])], [7]);
        assert.deepEqual(await readAll(again), described(entry(5, 1)));
      },
    },
    {
      name: 'installing one that is older than the newest moves neither that nor the start of the log back',
      run: async () => {
        const [older, newer] = [meta(2, 1), meta(4, 1)];
        const storage = await given(persist({ entries: entriesOf(1, 1, 1, 1, 1) }));
        await storage.write([{ kind: 'save-snapshot', snapshot: newer, data: Uint8Array.of(9), logStart: 3 }]);
        await storage.write([stage(older), persist({ install: older })]);
        const again = await under.reopen(storage);
        const { snapshot, start } = await again.load();
        assert.deepEqual([snapshot, start], [newer, { index: 3, term: 1 }]);
        assert.deepEqual([...((await again.readSnapshot(newer.id, 0, 9))?.data ?? [])], [9]);
        assert.deepEqual(await readAll(again), described(entry(4, 1), entry(5, 1)));
      },
    },
    {
      name: 'there is room where there is',
      run: async () => {
        assert.equal(await (await under.open()).hasSpace(), true);
      },
    },
  ];
}
