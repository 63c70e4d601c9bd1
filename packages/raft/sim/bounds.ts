import { type Effect, entryBytes, type Input } from '../src/index.js';
import { check } from './violation.js';
import type { Witnessed } from './witnessed.js';

/** Full windows that a follower may be sent before its disk counts as hung: each leader's, and more as heartbeats ask again. */
const undurableWindows = 8;
const pendingWritesMax = 5000;

/** Invariant 11: whatever can grow has a bound, and a disk that hangs is given nothing more. */
export function checkBounds(node: Witnessed, input: Input['kind'], effects: readonly Effect[]): void {
  checkHeld(node);
  if (input === 'propose' && effects.some((effect) => effect.kind === 'appended')) checkUndurable(node);
  // What a full disk did not take was in memory all along, and is written when there is room, also if the disk hangs by then.
  if (input === 'storage-ready' || node.core!.isLeader || node.disk.waitedMs <= node.settings.diskStallMs) return;
  const isFed = effects.some((effect) => effect.kind === 'persist' && effect.entries.length > 0);
  check('11 bounds', !isFed, `${node.member} takes entries while its disk hangs`);
}

/** A leader keeps what its own disk has not taken, committed by others or not. */
function checkUndurable({ core, settings, proposalBytesMax }: Witnessed): void {
  const { durableIndex, lastIndex } = core!.status;
  const entries = core!.cached(durableIndex + 1, lastIndex).filter(({ type }) => type === 'data');
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  check('11 bounds', bytes <= settings.uncommittedBytesMax + proposalBytesMax, `${bytes} bytes wait for its own disk`);
}

function checkHeld({ core, settings, proposalBytesMax }: Witnessed): void {
  const { held } = core!;
  // One proposal, or one append, may be bigger than the cap that it meets empty.
  const uncommittedMax = settings.uncommittedBytesMax + proposalBytesMax;
  check('11 bounds', held.uncommittedBytes <= uncommittedMax, `${held.uncommittedBytes} uncommitted bytes`);
  const inflightMax = settings.inflightBytesMax + settings.appendBytesMax + proposalBytesMax;
  check('11 bounds', held.inflightBytes <= inflightMax, `${held.inflightBytes} bytes in flight to one member`);
  check('11 bounds', held.waitingReads <= settings.readsMax, `${held.waitingReads} reads waiting`);
  // What is not on disk cannot be let go of: a leader's cap bounds it, or its leaders' windows, and what a stalling disk is still sent.
  const undurableMax = Math.max(uncommittedMax, undurableWindows * inflightMax);
  const cachedMax = settings.cacheBytesMax + undurableMax;
  check('11 bounds', held.cachedBytes <= cachedMax, `${held.cachedBytes} bytes of entries in memory`);
  check('11 bounds', held.pendingWrites <= pendingWritesMax, `${held.pendingWrites} writes pending`);
}
