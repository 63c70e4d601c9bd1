import { payloadBytesMax } from './packet.js';
import { refuteNow } from './refutation.js';
import { isLive, type Peer } from './roster.js';
import type { Swim } from './swim.js';

/** One round: the news to some members at random, until all has been told often enough. */
export function gossip(swim: Swim): void {
  swim.isGossipDue = false;
  refuteNow(swim);
  sendNews(swim);
  if (swim.broadcasts.size > 0) swim.gossipSoon();
}

export function sendNews(swim: Swim): void {
  const { gossipNodes } = swim.settings;
  for (const peer of swim.roster.draw(gossipNodes, swim.random, (each) => shouldHear(swim, each))) {
    const packet = swim.packetTo(peer.name, payloadBytesMax);
    swim.broadcasts.fill(packet, swim.timesToTell);
    if (packet.isEmpty) return;
    swim.emit({ kind: 'send', to: peer.address, bytes: packet.bytes() });
  }
}

/** Who failed a short while ago may be alive and should learn what is said of it: only it can refute that. */
function shouldHear(swim: Swim, peer: Peer): boolean {
  if (peer.name === swim.settings.name) return false;
  if (isLive(peer)) return true;
  return peer.status === 'failed' && swim.nowMs - peer.changedMs < swim.settings.gossipToTheDeadMs;
}
