import assert from 'node:assert/strict';
import { NoSpaceError, type RaftStorage, type StorageOperation, UnreadableError } from '../driver/index.js';
import type { ConformanceCase, StorageUnderTest } from './case.js';
import { described, entriesOf, entry, meta, persist, readAll } from './operations.js';

async function given(under: StorageUnderTest, ...operations: StorageOperation[]): Promise<RaftStorage> {
  const storage = await under.open();
  await storage.write(operations);
  return storage;
}

/** What a disk does that loses an entry or its room. */
export function faultCases(under: StorageUnderTest): ConformanceCase[] {
  return [...holes(under), ...fullDisks(under)];
}

function holes(under: StorageUnderTest): ConformanceCase[] {
  if (under.rot === undefined) return [];
  const rotten = async (): Promise<RaftStorage> => {
    const storage = await given(under, persist({ entries: entriesOf(1, 1, 1) }));
    await under.rot?.(storage, 2);
    return storage;
  };
  return [
    {
      name: 'an entry that cannot be read is named, and nothing is cut for it',
      run: async () => {
        const storage = await rotten();
        assert.deepEqual(
          (await storage.read(1, 3, 1_000_000)).map((each) => each.index),
          [1],
        );
        const error = await storage.read(2, 3, 1_000_000).catch((thrown: unknown) => thrown);
        assert.ok(error instanceof UnreadableError && error.indexes.includes(2), 'read throws an UnreadableError');
        const { lastIndex, unreadable, terms } = await (await under.reopen(storage)).load();
        assert.deepEqual([lastIndex, unreadable, terms], [3, [2], [{ first: 1, term: 1 }]]);
      },
    },
    {
      name: 'an entry that could not be read can be, for good, once it was repaired',
      run: async () => {
        const storage = await rotten();
        await storage.write([persist({ repairs: [entry(2, 1)] })]);
        const again = await under.reopen(storage);
        assert.deepEqual((await again.load()).unreadable, []);
        assert.deepEqual(await readAll(again), described(...entriesOf(1, 1, 1)));
      },
    },
    {
      name: 'what a snapshot covers, or a cut takes away, is no longer unreadable',
      run: async () => {
        const covered = await rotten();
        await covered.write([{ kind: 'save-snapshot', snapshot: meta(2, 1), data: Uint8Array.of(1), logStart: 2 }]);
        assert.deepEqual((await covered.load()).unreadable, []);
        const cut = await rotten();
        await cut.write([persist({ truncateFrom: 2, entries: [entry(2, 3)] })]);
        assert.deepEqual(await readAll(cut), described(entry(1, 1), entry(2, 3)));
      },
    },
  ];
}

function fullDisks(under: StorageUnderTest): ConformanceCase[] {
  if (under.fill === undefined) return [];
  return [
    {
      name: 'a full disk takes hard states and cuts, and no entry; what it did before is told and kept',
      run: async () => {
        const storage = await given(under, persist({ entries: entriesOf(1, 1, 1) }));
        await under.fill?.(storage, true);
        assert.equal(await storage.hasSpace(), false);
        const hardState = { term: 5, vote: 'a@1' as const, commit: 2 };
        const error = await storage
          .write([persist({ hardState }), persist({ truncateFrom: 3 }), persist({ entries: [entry(3, 5)] })])
          .catch((thrown: unknown) => thrown);
        assert.ok(error instanceof NoSpaceError, 'write throws a NoSpaceError');
        assert.equal(error.done, 2);
        assert.deepEqual((await storage.load()).hardState, hardState);
        assert.deepEqual(await readAll(await under.reopen(storage)), described(entry(1, 1), entry(2, 1)));
      },
    },
    ...['stage-chunk' as const, 'save-snapshot' as const].map((kind) => ({
      name: `a full disk that refuses a ${kind} keeps nothing of it, and says that neither it nor what follows is done`,
      run: async (): Promise<void> => {
        const snapshot = meta(3, 1);
        const storage = await given(under, persist({ entries: entriesOf(1, 1, 1) }));
        await under.fill?.(storage, true);
        const before = { term: 2, vote: null, commit: 1 };
        // More than a disk's last block may still have room for.
        const data = new Uint8Array(65_536);
        const refused: StorageOperation =
          kind === 'stage-chunk' ? { kind, snapshot, offset: 0, data } : { kind, snapshot, data, logStart: 2 };
        const after = persist({ hardState: { term: 3, vote: null, commit: 1 } });
        const error = await storage.write([persist({ hardState: before }), refused, after]).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        // Parts may be staged in memory: nothing is promised about them.
        if (kind === 'stage-chunk' && error === null) return;
        assert.ok(error instanceof NoSpaceError, 'write throws a NoSpaceError');
        assert.equal(error.done, 1, 'one operation is done: the hard state before it');
        for (const each of [storage, await under.reopen(storage)]) {
          assert.deepEqual((await each.load()).snapshot, null);
          assert.equal(await each.readSnapshot(snapshot.id, 0, 9), null);
          assert.deepEqual(await readAll(each), described(...entriesOf(1, 1, 1)));
        }
      },
    })),
    {
      name: 'a disk that was full takes entries again once there is room',
      run: async () => {
        const storage = await given(under, persist({ entries: entriesOf(1) }));
        await under.fill?.(storage, true);
        await assert.rejects(storage.write([persist({ entries: [entry(2, 1)] })]));
        await under.fill?.(storage, false);
        assert.equal(await storage.hasSpace(), true);
        await storage.write([persist({ entries: [entry(2, 1)] })]);
        assert.deepEqual(await readAll(await under.reopen(storage)), described(...entriesOf(1, 1)));
      },
    },
  ];
}
