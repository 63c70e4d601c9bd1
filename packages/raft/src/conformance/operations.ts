import assert from 'node:assert/strict';
import type { Entry, Index, SnapshotMeta, Term } from '../core/index.js';
import type { RaftStorage, StorageOperation } from '../driver/index.js';

export function entry(index: Index, term: Term): Entry {
  return { index, term, type: 'data', data: new TextEncoder().encode(`entry ${index} of term ${term}`) };
}

export function persist(given: Partial<Extract<StorageOperation, { kind: 'persist' }>>): StorageOperation {
  return { kind: 'persist', entries: [], repairs: [], ...given };
}

export function entriesOf(...terms: readonly Term[]): Entry[] {
  return terms.map((term, at) => entry(at + 1, term));
}

export function meta(index: Index, term: Term, id = `snapshot ${index}`): SnapshotMeta {
  const configuration = { voters: ['a@1' as const], outgoing: [], learners: [] };
  return { id, index, term, configuration, configurationIndex: 1 };
}

export async function readAll(storage: RaftStorage): Promise<string[]> {
  const { start, lastIndex } = await storage.load();
  const found: string[] = [];
  for (let next = start.index + 1; next <= lastIndex; ) {
    const entries = await storage.read(next, lastIndex, 64);
    assert.ok(entries.length > 0, `there is an entry ${next}`);
    for (const { index, term, data } of entries) found.push(`${index}/${term} ${new TextDecoder().decode(data)}`);
    next += entries.length;
  }
  return found;
}

export function described(...entries: readonly Entry[]): string[] {
  return entries.map(({ index, term, data }) => `${index}/${term} ${new TextDecoder().decode(data)}`);
}
