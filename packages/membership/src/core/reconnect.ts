import { type Address, randomBelow } from '@commitlog/runtime';
import { addressText } from './address.js';
import { pushPull } from './asking.js';
import { isLive } from './roster.js';
import type { Swim } from './swim.js';

/** How many places are tried at a time by a member that is alone. */
const triesWhenAlone = 3;

/**
 * Tries members that failed, and places where members were, now and then: a partition heals only if somebody asks across it (serf,
 * `handleReconnect`). A member that is alone has nothing better to do and tries all the time.
 */
export function reconnect(swim: Swim): void {
  if (swim.isLeaving) return;
  const { roster, random, settings } = swim;
  const { isAlone } = roster;
  swim.remindIn(isAlone ? settings.probeIntervalMs : settings.reconnectIntervalMs, { kind: 'reconnect' });
  const places = lostPlaces(swim);
  // All who are left share the work: about as many tries in an interval as there are places.
  if (!isAlone && randomBelow(random, roster.live) >= places.length) return;
  for (let tries = isAlone ? triesWhenAlone : 1; tries > 0 && places.length > 0; tries--) {
    const [place] = places.splice(randomBelow(random, places.length), 1);
    pushPull(swim, place!, undefined);
  }
}

/**
 * Where members failed, or are said to be, and nobody is known to be. For a member that is alone also where those were who left: if they
 * come back, and it has moved meanwhile, only it can find them.
 */
export function lostPlaces({ roster, contacts, settings }: Swim): Address[] {
  const known = new Set<string>();
  const lost = new Map<string, Address>();
  for (const peer of roster.values()) {
    const text = addressText(peer.address);
    if (isLive(peer)) known.add(text);
    else if (peer.status === 'failed' || (roster.isAlone && peer.name !== settings.name)) lost.set(text, peer.address);
  }
  for (const address of contacts.except(known)) lost.set(addressText(address), address);
  for (const text of known) lost.delete(text);
  return [...lost.values()];
}
