import { SimulatedClock } from '@commitlog/simulation';
import { describe, expect, test } from 'vitest';
import { type ConformanceCase, storageConformance, transportConformance } from '../../src/conformance/index.js';
import {
  type Entry,
  type Envelope,
  type Index,
  MemoryNetwork,
  MemoryStorage,
  NoSpaceError,
  type RaftTransport,
  type SnapshotMeta,
  type StorageOperation,
  type StoredState,
} from '../../src/index.js';

/** Which cases an implementation fails. */
async function failedBy(suite: readonly ConformanceCase[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of suite) await run().catch(() => failed.push(name));
  return failed;
}

/** A storage that survives a power cut by what it was given before, and does one thing wrong. */
class Wrong extends MemoryStorage {
  synced: StorageOperation[] = [];
  readonly #rotten: Set<Index> = new Set();

  /** What of an operation reaches the disk. */
  keep(operation: StorageOperation): StorageOperation {
    return operation;
  }

  override async write(operations: readonly StorageOperation[]): Promise<void> {
    const failure = await super.write(operations).catch((error: unknown) => error);
    const done = failure instanceof NoSpaceError ? failure.done : operations.length;
    this.synced.push(...operations.slice(0, done).map((operation) => this.keep(operation)));
    if (failure !== undefined) throw failure as Error;
    for (const index of this.#rotten) if (!this.unreadable.has(index)) this.#rotten.delete(index);
  }

  rot(index: Index): void {
    this.unreadable.add(index);
    this.#rotten.add(index);
  }

  async reopened(make: () => Wrong): Promise<Wrong> {
    const again = make();
    for (const operation of this.synced) await MemoryStorage.prototype.write.call(again, [operation]);
    again.synced = this.synced;
    for (const index of this.#rotten) again.unreadable.add(index);
    return again;
  }
}

function suiteFor(make: () => Wrong): ConformanceCase[] {
  return storageConformance({
    open: async () => make(),
    reopen: async (storage) => (storage as Wrong).reopened(make),
    rot: async (storage, index) => (storage as Wrong).rot(index),
    fill: async (storage, isFull) => {
      (storage as Wrong).isFull = isFull;
    },
  });
}

type Persist = Extract<StorageOperation, { kind: 'persist' }>;

function keeping(change: (operation: Persist) => Persist): () => Wrong {
  return () =>
    new (class extends Wrong {
      override keep(operation: StorageOperation): StorageOperation {
        return operation.kind === 'persist' ? change(operation) : operation;
      }
    })();
}

function reading(change: (entry: Entry) => Entry): () => Wrong {
  return () =>
    new (class extends Wrong {
      override async read(first: Index, last: Index, bytesMax: number): Promise<readonly Entry[]> {
        return (await super.read(first, last, bytesMax)).map(change);
      }
    })();
}

function loading(change: (state: StoredState) => StoredState): () => Wrong {
  return () =>
    new (class extends Wrong {
      override async load(): Promise<StoredState> {
        return change(await super.load());
      }
    })();
}

describe('the suite for storages', () => {
  test('passes a right one', async () => {
    expect(await failedBy(suiteFor(() => new Wrong()))).toEqual([]);
  });

  test.each<[string, () => Wrong]>([
    [
      'forgets a hard state that comes alone',
      keeping(({ hardState, ...rest }) => (hardState && rest.entries.length > 0 ? { ...rest, hardState } : rest)),
    ],
    [
      'keeps an old vote where the new one is null',
      (() => {
        let vote: 'b@1' | null = null;
        return keeping((operation) => {
          if (operation.hardState === undefined) return operation;
          vote = (operation.hardState.vote as 'b@1' | null) ?? vote;
          return { ...operation, hardState: { ...operation.hardState, vote } };
        });
      })(),
    ],
    [
      'loses entries without data',
      keeping((each) => ({ ...each, entries: each.entries.filter(({ data }) => data.length > 0) })),
    ],
    ['loses what types entries have', reading((entry) => ({ ...entry, type: 'data' }))],
    [
      'takes data for text',
      reading((entry) => ({ ...entry, data: new TextEncoder().encode(new TextDecoder().decode(entry.data)) })),
    ],
    ['keeps terms in 16 bits', reading((entry) => ({ ...entry, term: entry.term & 0xffff }))],
    ['forgets what it had committed', loading((state) => ({ ...state, hardState: { ...state.hardState, commit: 0 } }))],
    ['lists no unreadable entries', loading((state) => ({ ...state, unreadable: [] }))],
  ])('fails one that %s', async (_, make) => {
    expect(await failedBy(suiteFor(make))).not.toEqual([]);
  });
});

/** A storage of memory that outlives power cuts by being the same object, and does one thing wrong with each operation. */
abstract class WrongOnce extends MemoryStorage {
  newest: SnapshotMeta | null = null;

  override async write(operations: readonly StorageOperation[]): Promise<void> {
    for (const [at, operation] of operations.entries()) {
      try {
        await this.one(operation);
      } catch (error) {
        throw error instanceof NoSpaceError ? new NoSpaceError(this.doneAt(at)) : error;
      }
      const kept =
        operation.kind === 'persist' ? operation.install : operation.kind === 'save-snapshot' && operation.snapshot;
      if (kept && kept.index >= (this.newest?.index ?? 0)) this.newest = kept;
    }
  }

  one(operation: StorageOperation): Promise<void> {
    return super.write([operation]);
  }

  doneAt(at: number): number {
    return at;
  }
}

const replaced = 'a snapshot that a newer one took the place of is told of no more, and its id finds no other bytes';
const installedAtEqual = 'one that is installed at the index of its own takes the place of that';
const savedAtEqual = 'one of its own that is saved at the index of the newest takes the place of that';
const refused = (kind: string): string =>
  `a full disk that refuses a ${kind} keeps nothing of it, and says that neither it nor what follows is done`;

describe('the suite for storages, told apart by what is wrong', () => {
  const suiteOf = (make: () => MemoryStorage): ConformanceCase[] =>
    storageConformance({
      open: async () => make(),
      reopen: async (storage) => storage,
      rot: async (storage, index) => void (storage as MemoryStorage).unreadable.add(index),
      fill: async (storage, isFull) => {
        (storage as MemoryStorage).isFull = isFull;
      },
    });

  test('passes a right one', async () => {
    expect(await failedBy(suiteOf(() => new (class extends WrongOnce {})()))).toEqual([]);
  });

  test.each<[string, string[], new () => MemoryStorage]>([
    [
      'finds the bytes of the newest snapshot under the ids of those before',
      [replaced, installedAtEqual, savedAtEqual],
      class extends WrongOnce {
        readonly #ids: Set<string> = new Set();
        override async one(operation: StorageOperation): Promise<void> {
          await super.one(operation);
          if (operation.kind !== 'persist') this.#ids.add(operation.snapshot.id);
        }
        override readSnapshot(id: string, offset: number, bytesMax: number): ReturnType<MemoryStorage['readSnapshot']> {
          const isOld = this.newest !== null && this.#ids.has(id);
          return super.readSnapshot(isOld ? this.newest!.id : id, offset, bytesMax);
        }
      },
    ],
    [
      'keeps its own snapshot when one is installed at the same index',
      [installedAtEqual],
      class extends WrongOnce {
        override one(operation: StorageOperation): Promise<void> {
          const isEqual = operation.kind === 'persist' && operation.install?.index === this.newest?.index;
          const { install: _, ...rest } = operation as Persist;
          return super.one(isEqual ? rest : operation);
        }
      },
    ],
    [
      'saves no snapshot at the index of the newest',
      [savedAtEqual],
      class extends WrongOnce {
        override async one(operation: StorageOperation): Promise<void> {
          const isEqual = operation.kind === 'save-snapshot' && operation.snapshot.index === this.newest?.index;
          if (!isEqual) await super.one(operation);
        }
      },
    ],
    [
      'counts bytes only where the cap is one',
      ['a read stops before the byte cap, wherever that lies'],
      class extends WrongOnce {
        override read(first: Index, last: Index, bytesMax: number): Promise<readonly Entry[]> {
          return super.read(first, last, bytesMax === 1 ? 1 : Number.MAX_SAFE_INTEGER);
        }
      },
    ],
    [
      'takes what a full disk refused for done',
      [refused('stage-chunk'), refused('save-snapshot')],
      class extends WrongOnce {
        override doneAt(at: number): number {
          return at + 1;
        }
      },
    ],
    [
      'refuses a snapshot for want of room, and keeps it',
      [refused('save-snapshot')],
      class extends WrongOnce {
        override async one(operation: StorageOperation): Promise<void> {
          const { isFull } = this;
          if (operation.kind === 'save-snapshot') this.isFull = false;
          await super.one(operation);
          this.isFull = isFull;
          if (isFull && operation.kind === 'save-snapshot') throw new NoSpaceError(0);
        }
      },
    ],
  ])('fails one that %s, and says what', async (_, names, make) => {
    const failed = await failedBy(suiteOf(() => new make()));
    for (const name of names) expect(failed).toContain(name);
  });
});

type Send = (packet: readonly Envelope[]) => void;

function network(change: (send: Send, packet: readonly Envelope[], from: string) => void): ConformanceCase[] {
  return transportConformance({
    pair: async () => {
      const right = new MemoryNetwork({ clock: new SimulatedClock() });
      const transport = (node: string): RaftTransport => {
        const inner = right.transport(node);
        return {
          listen: (receive) => inner.listen(receive),
          send: (to, lane, packet) => change((each) => inner.send(to, lane, each), packet, node),
        };
      };
      return { a: transport('a'), b: transport('b'), close: async () => {} };
    },
    settle: async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    },
  });
}

describe('the suite for transports', () => {
  test('passes a right one', async () => {
    expect(await failedBy(network((send, packet) => send(packet)))).toEqual([]);
  });

  test.each<[string, ConformanceCase[]]>([
    ['takes bytes for JSON', network((send, packet) => send(JSON.parse(JSON.stringify(packet)) as Envelope[]))],
    [
      'carries heartbeats alone',
      network((send, packet) => send(packet.filter(({ message }) => message.kind === 'heartbeat'))),
    ],
    ['forgets the group', network((send, packet) => send(packet.map((each) => ({ ...each, group: 'g' }))))],
    ['carries one way', network((send, packet, from) => (from === 'a' ? send(packet) : undefined))],
    [
      'drops what is big',
      network((send, packet) => {
        const isBig = ({ message }: Envelope): boolean =>
          message.kind === 'append' && message.entries[0]!.data.length > 1000;
        if (!packet.some(isBig)) send(packet);
      }),
    ],
  ])('fails one that %s', async (_, suite) => {
    expect(await failedBy(suite)).not.toEqual([]);
  });
});
