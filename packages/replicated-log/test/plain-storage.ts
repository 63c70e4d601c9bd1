import type { Entry, EntryType, RaftStorage, SnapshotMeta, StorageOperation, StoredState } from '@commitlog/raft';
import { headerBytes, records } from '@commitlog/record';
import { decodeState, encodeState, stateFrom } from '../src/derived-state.js';
import type { LogStorage } from '../src/index.js';
import { decodeProducers, encodeProducers } from '../src/producer-codec.js';
import { batchAt, controlBatchAt } from './entries.js';

/**
 * A `LogStorage` that takes any bytes, as the suite for storages wants it: an entry's become the one record of a batch, or the body of a
 * control batch, and a snapshot's stand in the derived state, as a producer's subject. Nothing is kept here but offsets.
 */
export class PlainStorage implements RaftStorage {
  readonly storage: LogStorage;
  /** The offset behind an entry, where that is not its index. */
  readonly #nextOffsets: Map<number, number>;
  #staged: Buffer[] = [];

  /** @param before the same disk before it was opened again */
  constructor(storage: LogStorage, before?: PlainStorage) {
    this.storage = storage;
    this.#nextOffsets = before === undefined ? new Map() : before.#nextOffsets;
  }

  load(): Promise<StoredState> {
    return this.storage.load();
  }

  async write(operations: readonly StorageOperation[]): Promise<void> {
    await this.storage.write(operations.map((operation) => this.#formatted(operation)));
  }

  async read(first: number, last: number, bytesMax: number): Promise<readonly Entry[]> {
    const entries = await this.storage.read(first, last, bytesMax);
    return entries.map((entry) => ({ ...entry, data: plainOf(entry.type, entry.data as Buffer) }));
  }

  async readSnapshot(
    id: string,
    offset: number,
    bytesMax: number,
  ): Promise<{ data: Uint8Array; isLast: boolean } | null> {
    const parts: Uint8Array[] = [];
    for (let at = 0, isLast = false; !isLast; at += parts.at(-1)!.byteLength) {
      const part = await this.storage.readSnapshot(id, at, 50);
      if (part === null) return null;
      parts.push(part.data);
      isLast = part.isLast;
    }
    const [producer] = decodeProducers(decodeState(Buffer.concat(parts)).producers);
    const all = Buffer.from(producer!.subject, 'base64');
    const data = all.subarray(offset, offset + bytesMax);
    return { data, isLast: offset + data.length >= all.length };
  }

  hasSpace(): Promise<boolean> {
    return this.storage.hasSpace();
  }

  /** Each part is given on as all that has come so far, from the start. */
  #formatted(operation: StorageOperation): StorageOperation {
    if (operation.kind === 'persist') {
      const entries = operation.entries.map((entry) => this.#batchOf(entry));
      return { ...operation, entries, repairs: operation.repairs.map((entry) => this.#batchOf(entry)) };
    }
    if (operation.kind === 'save-snapshot') {
      return { ...operation, data: this.#stateWith(operation.snapshot, operation.data) };
    }
    if (operation.offset === 0) this.#staged = [];
    this.#staged.push(Buffer.from(operation.data));
    return { ...operation, offset: 0, data: this.#stateWith(operation.snapshot, Buffer.concat(this.#staged)) };
  }

  #batchOf({ index, term, type, data }: Entry): Entry {
    const baseOffset = this.#nextOffset(index - 1);
    this.#nextOffsets.set(index, baseOffset + (type === 'data' ? 1 : 0));
    const batch =
      type === 'data' ? batchAt(index, term, baseOffset, data) : controlBatchAt(type, index, term, baseOffset, data);
    return { index, term, type, data: batch };
  }

  #stateWith({ index, term }: SnapshotMeta, plain: Uint8Array): Buffer {
    const start = { index, term, nextOffset: this.#nextOffset(index), appendTime: 0 };
    const subject = Buffer.from(plain).toString('base64');
    const producers = encodeProducers([{ id: 1, epoch: 0, subject, name: '', batches: [] }]);
    return encodeState({ ...stateFrom(start), producers });
  }

  #nextOffset(index: number): number {
    return this.#nextOffsets.get(index) ?? index;
  }
}

function plainOf(type: EntryType, batch: Buffer): Uint8Array {
  return new Uint8Array(type === 'data' ? [...records(batch)][0]!.value : batch.subarray(headerBytes));
}
