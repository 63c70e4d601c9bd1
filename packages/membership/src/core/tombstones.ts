import type { Peer } from './roster.js';
import { isLive } from './roster.js';
import type { Swim } from './swim.js';

/** How often what is too old is looked for. */
const reapIntervalMs = 60_000;

/** Remembers that a member is gone, so that late news of it is not taken for new. */
export function bury(swim: Swim, gone: Peer): void {
  const peer: Peer = { ...gone, changedMs: swim.nowMs };
  swim.roster.set(peer);
  swim.suspicions.delete(peer.name);
  swim.report(peer.status === 'left' ? 'left' : 'failed', peer);
  for (let extra = tombstones(swim) - swim.settings.tombstonesMax; extra > 0; extra--) forget(swim, oldest(swim));
}

/** Members that are gone and remembered. One that is leaving is gone itself, and never forgets itself. */
export function tombstones({ roster, self }: Swim): number {
  return isLive(self) ? roster.gone : roster.gone - 1;
}

/** Forgets whoever has been gone for long enough, and where nobody was found for as long; of places, only what it can do without. */
export function reap(swim: Swim): void {
  const { tombstoneMs, reconnectTimeoutMs } = swim.settings;
  for (const peer of [...swim.roster.values()]) {
    if (isLive(peer) || peer === swim.self) continue;
    const keptMs = peer.status === 'left' ? tombstoneMs : reconnectTimeoutMs;
    if (swim.nowMs - peer.changedMs >= keptMs) forget(swim, peer);
  }
  if (!swim.roster.isAlone) swim.contacts.forgetBefore(swim.nowMs - reconnectTimeoutMs);
  swim.remindIn(reapIntervalMs, { kind: 'reap' });
}

/** A member that is alone forgets no place: it would have nowhere left to look, and stay alone. */
function forget(swim: Swim, { name, status, address }: Peer): void {
  if (swim.roster.isAlone && status === 'failed') swim.contacts.add(address, swim.nowMs);
  swim.roster.remove(name);
  swim.broadcasts.drop(name);
}

function oldest(swim: Swim): Peer {
  let found: Peer | undefined;
  for (const peer of swim.roster.values()) {
    if (!isLive(peer) && peer !== swim.self && (found === undefined || peer.changedMs < found.changedMs)) found = peer;
  }
  return found!;
}
