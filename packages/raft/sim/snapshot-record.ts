import { type Index, isSnapshotPart, type Message, type SnapshotMeta } from '../src/index.js';
import { check } from './violation.js';
import type { Witnessed } from './witnessed.js';

interface Seen {
  readonly core: Witnessed['core'];
  readonly newest: Index;
  readonly first: Index;
}

/** What becomes of snapshots: which bytes they hold, and that nobody's newest, nor a log's start, ever moves back. */
export class SnapshotRecord {
  readonly #data: Map<string, Uint8Array> = new Map();
  readonly #seen: WeakMap<Witnessed, Seen> = new WeakMap();

  written({ id }: SnapshotMeta, data: Uint8Array): void {
    this.#data.set(id, data);
  }

  stepped(node: Witnessed): void {
    const core = node.core!;
    const newest = core.snapshot?.index ?? 0;
    const first = core.status.firstIndex;
    const before = this.#seen.get(node);
    if (before !== undefined && before.core === core) {
      check(
        '5 snapshots never go back',
        newest >= before.newest,
        `${node.member} has ${newest} after ${before.newest}`,
      );
      check(
        '5 snapshots never go back',
        first >= before.first,
        `${node.member} starts at ${first}, not ${before.first}`,
      );
    }
    this.#seen.set(node, { core, newest, first });
  }

  /** A part that leaves is that part of that snapshot. */
  sent(node: Witnessed, message: Message): void {
    if (!isSnapshotPart(message)) return;
    const { snapshot, offset, data, isLast } = message;
    const whole = this.#data.get(snapshot.id)!;
    const end = offset + data.byteLength;
    const isSame = Buffer.compare(whole.subarray(offset, end), data) === 0 && isLast === end >= whole.byteLength;
    check('4 snapshots are sent as written', isSame, `${node.member} sends other bytes at ${offset} of ${snapshot.id}`);
  }
}
