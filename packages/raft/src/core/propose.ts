import { broadcastAppend } from './appends.js';
import type { RefusalReason } from './effect.js';
import { type Entry, entryFeeBytes } from './entry.js';
import type { Raft } from './raft.js';
import { refuse } from './refusal.js';

/** Appends the proposals, all or none, and sends them on while the disk writes them (thesis §10.2.1). */
export function propose(raft: Raft, data: readonly Uint8Array[]): void {
  const reason = whyNot(raft, data);
  if (reason !== null) {
    refuse(raft, reason);
    return;
  }
  if (data.length === 0) return;
  const entries: Entry[] = [];
  for (const each of data) entries.push(raft.appendOwn('data', each));
  raft.addUncommitted(entries);
  const first = entries[0]!.index;
  const last = raft.lastIndex;
  raft.outbox.add({ kind: 'appended', first, last, term: raft.term });
  raft.trace?.('append', 'proposed', { first, last });
  broadcastAppend(raft);
}

function whyNot(raft: Raft, data: readonly Uint8Array[]): RefusalReason | null {
  if (!raft.isLeader) return 'not-leader';
  if (raft.transfer !== null) return 'transferring';
  let bytes = 0;
  for (const each of data) bytes += each.byteLength + entryFeeBytes;
  // With nothing waiting even the biggest is let in, alone: a cap that refuses an entry for ever would be a dead end.
  const isAlone = raft.uncommittedBytes === 0 && data.length === 1;
  const isOver = raft.uncommittedBytes + bytes > raft.settings.uncommittedBytesMax;
  return isOver && !isAlone ? 'overloaded' : null;
}
