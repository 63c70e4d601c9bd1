import { isBulk, isSnapshotPart, type Message, nodeOf } from '../core/index.js';
import type { Envelope, Lane } from './transport.js';

/** What a message that carries no data counts for. */
const flatBytes = 256;

interface Packet {
  readonly envelopes: Envelope[];
  bytes: number;
}

/** What all groups of a node have to say in one turn, gathered per destination and lane into as few packets as their bound allows. */
export class Packets {
  readonly #bytesMax: number;
  #gathered: Record<Lane, Map<string, Packet[]>> = { control: new Map(), bulk: new Map() };

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(group: string, message: Message): void {
    const lane = this.#gathered[isBulk(message) ? 'bulk' : 'control'];
    const node = nodeOf(message.to);
    const bytes = bytesOf(message);
    const packets = lane.get(node);
    const last = packets?.at(-1);
    if (last !== undefined && last.bytes + bytes <= this.#bytesMax) {
      last.envelopes.push({ group, message });
      last.bytes += bytes;
    } else {
      const packet = { envelopes: [{ group, message }], bytes };
      if (packets === undefined) lane.set(node, [packet]);
      else packets.push(packet);
    }
  }

  /** Hands out what was gathered, control first, and begins anew. */
  take(send: (node: string, lane: Lane, packet: readonly Envelope[]) => void): void {
    for (const lane of ['control', 'bulk'] as const) {
      const gathered = this.#gathered[lane];
      if (gathered.size === 0) continue;
      this.#gathered[lane] = new Map();
      for (const [node, packets] of gathered) for (const { envelopes } of packets) send(node, lane, envelopes);
    }
  }
}

function bytesOf(message: Message): number {
  if (isSnapshotPart(message)) return flatBytes + message.data.byteLength;
  if (message.kind !== 'append' && message.kind !== 'fetched') return flatBytes;
  let bytes = flatBytes;
  for (const { data } of message.entries) bytes += data.byteLength + 32;
  return bytes;
}
