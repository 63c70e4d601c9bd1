import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { Incarnation } from './incarnation.js';
import { type Message, readMessage } from './message.js';
import { readName, writeName } from './name.js';

/** Bytes of a packet on the wire, at most: no network is known to split it. */
export const packetBytesMax = 1_400;

/** What its envelope takes of it, at most. */
const envelopeBytesMax = 56;

/** What is left for what this page of the protocol says. */
export const payloadBytesMax: number = packetBytesMax - envelopeBytesMax;

/** The version of what is inside the envelope. */
const version = 1;

/** What comes inside one envelope. */
export interface Packet {
  readonly from: string;
  /** The name of whom it is meant for: an address may have changed hands. */
  readonly to: string;
  /** The sender's own, in its own words. */
  readonly incarnation: Incarnation;
  readonly messages: readonly Message[];
}

/** Builds one packet's payload, to a limit in bytes. */
export class PacketBuilder {
  readonly #writer: ByteWriter;
  readonly #bytesMax: number;
  readonly #headerBytes: number;

  constructor({ from, to, incarnation }: Omit<Packet, 'messages'>, bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#writer = new ByteWriter(256);
    this.#writer.u8(version);
    writeName(this.#writer, from);
    writeName(this.#writer, to);
    this.#writer.u48(incarnation);
    this.#headerBytes = this.#writer.length;
  }

  get isEmpty(): boolean {
    return this.#writer.length === this.#headerBytes;
  }

  get bytesLeft(): number {
    return this.#bytesMax - this.#writer.length;
  }

  /** Adds an encoded message if there is room; says whether there was. */
  add(message: Uint8Array): boolean {
    if (message.length > this.bytesLeft) return false;
    this.#writer.put(message);
    return true;
  }

  padTo(bytes: number): void {
    const missing = Math.min(bytes, this.#bytesMax) - this.#writer.length;
    if (missing > 0) this.#writer.zeros(missing);
  }

  bytes(): Uint8Array {
    return this.#writer.bytes();
  }
}

/** What `bytes` say, or undefined where they say nothing that can be understood to the last byte. */
export function decodePacket(bytes: Uint8Array): Packet | undefined {
  if (bytes.length > payloadBytesMax) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) return undefined;
  const from = readName(reader);
  const to = readName(reader);
  const incarnation = reader.u48();
  const messages: Message[] = [];
  while (!reader.isBroken && reader.left > 0) {
    const message = readMessage(reader);
    if (message !== undefined) messages.push(message);
  }
  return reader.isBroken ? undefined : { from, to, incarnation, messages };
}
