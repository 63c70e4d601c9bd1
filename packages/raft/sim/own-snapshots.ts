import type { Index, SnapshotMeta } from '../src/index.js';
import type { Machine } from './machine.js';
import type { Record } from './record.js';
import type { Witnessed } from './witnessed.js';

/** Whose state it is. */
export interface SnapshotOwner extends Witnessed {
  readonly machine: Machine;
  readonly init: { readonly snapshotEvery: number; readonly snapshotPaddingBytes: number; readonly trailing: number };
}

/** When a machine writes snapshots of its own state, and what they are called. */
export class OwnSnapshots {
  readonly #record: Record;
  readonly #salt: number;
  #written = 0;
  /** What the newest one asked for covers: it takes a while until the core hears of it. */
  #askedIndex: Index = 0;

  /** @param salt another for each machine */
  constructor(record: Record, salt: number) {
    this.#record = record;
    this.#salt = salt;
  }

  /** A process has started, and knows of none. */
  forget(): void {
    this.#askedIndex = 0;
  }

  /** @param written told when it is on disk, and the log may forget everything up to `upTo` */
  maybeTake(node: SnapshotOwner, life: number, written: (snapshot: SnapshotMeta, upTo: Index) => void): void {
    const core = node.core!;
    const { snapshotEvery, snapshotPaddingBytes, trailing } = node.init;
    const { index } = node.machine;
    const previous = Math.max(core.snapshot?.index ?? 0, this.#askedIndex);
    if (snapshotEvery === 0 || index - previous < snapshotEvery) return;
    const term = core.termAt(index);
    if (term === undefined) return;
    const placed = core.configurationAt(index);
    this.#written += 1;
    this.#askedIndex = index;
    const meta: SnapshotMeta = {
      id: `${node.member}#${life}.${this.#written}`,
      index,
      term,
      configuration: placed.configuration,
      configurationIndex: placed.index,
    };
    const upTo = Math.max(core.status.firstIndex - 1, index - trailing);
    const data = node.machine.snapshot(snapshotPaddingBytes, this.#salt);
    this.#record.wroteSnapshot(node, meta, data);
    node.disk.submit({ kind: 'snapshot', meta, data, upTo, done: () => written(meta, upTo) });
  }
}
