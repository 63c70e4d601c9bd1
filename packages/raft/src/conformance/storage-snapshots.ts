import assert from 'node:assert/strict';
import type { Index, SnapshotMeta } from '../core/index.js';
import type { RaftStorage, StorageOperation } from '../driver/index.js';
import type { ConformanceCase, StorageUnderTest } from './case.js';
import { entriesOf, meta, persist } from './operations.js';

function save(snapshot: SnapshotMeta, byte: number, logStart: Index): StorageOperation {
  return { kind: 'save-snapshot', snapshot, data: Uint8Array.of(byte), logStart };
}

function stage(snapshot: SnapshotMeta, byte: number): StorageOperation {
  return { kind: 'stage-chunk', snapshot, offset: 0, data: Uint8Array.of(byte) };
}

/** The newest snapshot is one, with its bytes, whichever way it came. */
async function assertNewest(
  storage: RaftStorage,
  { id }: SnapshotMeta,
  byte: number,
  old: SnapshotMeta,
): Promise<void> {
  assert.equal((await storage.load()).snapshot?.id, id);
  assert.deepEqual([...((await storage.readSnapshot(id, 0, 9))?.data ?? [])], [byte]);
  assert.equal(await storage.readSnapshot(old.id, 0, 9), null, `nothing is told of ${old.id}`);
}

/** Snapshots that take each other's place. */
export function snapshotCases(under: StorageUnderTest): ConformanceCase[] {
  const given = async (...operations: StorageOperation[]): Promise<RaftStorage> => {
    const storage = await under.open();
    await storage.write([persist({ entries: entriesOf(1, 1, 1, 1) })]);
    for (const operation of operations) await storage.write([operation]);
    return storage;
  };
  const older = meta(2, 1);
  const newer = meta(3, 1);
  const [own, other] = [meta(3, 1, 'own'), meta(3, 1, 'other')];
  return [
    {
      name: 'a snapshot that a newer one took the place of is told of no more, and its id finds no other bytes',
      run: async () => {
        const saved = await given(save(older, 1, 1), save(newer, 2, 1));
        await assertNewest(saved, newer, 2, older);
        await assertNewest(await under.reopen(saved), newer, 2, older);
        const installed = await given(save(older, 1, 1));
        await installed.write([stage(newer, 2), persist({ install: newer })]);
        await assertNewest(installed, newer, 2, older);
        await assertNewest(await under.reopen(installed), newer, 2, older);
      },
    },
    {
      name: 'one that is installed at the index of its own takes the place of that',
      run: async () => {
        const storage = await given(save(own, 1, 1));
        await storage.write([stage(other, 2), persist({ install: other })]);
        await assertNewest(storage, other, 2, own);
        const again = await under.reopen(storage);
        await assertNewest(again, other, 2, own);
        assert.deepEqual((await again.load()).start, { index: 3, term: 1 });
      },
    },
    {
      name: 'one of its own that is saved at the index of the newest takes the place of that',
      run: async () => {
        const twice = await given(save(own, 1, 1), save(other, 2, 2));
        await assertNewest(twice, other, 2, own);
        const again = await under.reopen(twice);
        await assertNewest(again, other, 2, own);
        assert.deepEqual((await again.load()).start, { index: 2, term: 1 });
        const installed = await given();
        await installed.write([stage(own, 1), persist({ install: own })]);
        await installed.write([save(other, 2, 2)]);
        await assertNewest(await under.reopen(installed), other, 2, own);
      },
    },
  ];
}
