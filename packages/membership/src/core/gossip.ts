import { type PacketBuilder, payloadBytesMax } from './packet.js';
import { askingBytes } from './probe.js';
import { raiseNow } from './refutation.js';
import { isLive, type Peer } from './roster.js';
import type { Swim } from './swim.js';

/** One round: the news to some members at random, until all has been told often enough. */
export function gossip(swim: Swim): void {
  swim.isGossipDue = false;
  raiseNow(swim);
  sendNews(swim);
  if (swim.broadcasts.size > 0) swim.gossipSoon();
}

/** To some who are there, which counts as telling; and to one who may not be, which does not. */
export function sendNews(swim: Swim): void {
  const { roster, random, settings, broadcasts } = swim;
  const isOther = (peer: Peer): boolean => isLive(peer) && peer.name !== settings.name;
  // First, while there is something to tell.
  const [lost] = roster.draw(1, random, (peer) => wasLostLately(swim, peer));
  if (lost !== undefined) sendTo(swim, lost, (packet) => broadcasts.copyTo(packet));
  for (const peer of roster.draw(settings.gossipNodes, random, isOther)) {
    sendTo(swim, peer, (packet) => broadcasts.fill(packet, swim.timesToTell));
  }
}

function sendTo(swim: Swim, peer: Peer, fill: (packet: PacketBuilder) => void): void {
  const packet = swim.packetTo(peer.name, payloadBytesMax);
  fill(packet);
  if (packet.isEmpty) return;
  packet.padTo(askingBytes);
  swim.emit({ kind: 'send', to: peer.address, bytes: packet.bytes() });
}

/** Who failed a short while ago may be alive and should learn what is said of it: only it can refute that. */
function wasLostLately(swim: Swim, peer: Peer): boolean {
  return peer.status === 'failed' && swim.nowMs - peer.changedMs < swim.settings.gossipToTheDeadMs;
}
