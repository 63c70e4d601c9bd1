import type { Address } from '@commitlog/runtime';
import { readAddress, writeAddress } from './address.js';
import type { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { Incarnation } from './incarnation.js';
import { readName, writeName } from './name.js';
import { tagBytesMax } from './tags.js';

/** News about one member: what packets carry beside probes. */
export type News =
  /** It is there, as its `tagBytes` and address say. Only the member itself says so first. */
  | {
      readonly kind: 'alive';
      readonly about: string;
      readonly incarnation: Incarnation;
      readonly address: Address;
      readonly tagBytes: Uint8Array;
    }
  /** It did not answer `from`. */
  | { readonly kind: 'suspect'; readonly about: string; readonly incarnation: Incarnation; readonly from: string }
  /** Its time to object is over, found `from`. */
  | { readonly kind: 'failed'; readonly about: string; readonly incarnation: Incarnation; readonly from: string }
  /** It said that it goes. */
  | { readonly kind: 'left'; readonly about: string; readonly incarnation: Incarnation };

export type Message =
  /** Answer me. */
  | { readonly kind: 'ping'; readonly seq: number }
  | { readonly kind: 'ack'; readonly seq: number }
  /** Ping `target` for me, and tell me of its ack; or, in time, that there was none. */
  | { readonly kind: 'indirect-ping'; readonly seq: number; readonly target: string }
  /** I am here, but `target` did not answer: who asked is not the one that is slow (Lifeguard §IV-A). */
  | { readonly kind: 'nack'; readonly seq: number }
  | News;

const codes = { padding: 0, ping: 1, ack: 2, 'indirect-ping': 3, nack: 4, alive: 5, suspect: 6, failed: 7, left: 8 };

export function encodeMessage(message: Message): Uint8Array {
  const writer = new ByteWriter(96);
  writer.u8(codes[message.kind]);
  switch (message.kind) {
    case 'ping':
    case 'ack':
    case 'nack':
      writer.u32(message.seq);
      break;
    case 'indirect-ping':
      writer.u32(message.seq);
      writeName(writer, message.target);
      break;
    default:
      writeName(writer, message.about);
      writer.u48(message.incarnation);
      if (message.kind === 'suspect' || message.kind === 'failed') writeName(writer, message.from);
      if (message.kind === 'alive') {
        writeAddress(writer, message.address);
        writeTagBytes(writer, message.tagBytes);
      }
  }
  return writer.bytes();
}

/** The next message, or undefined where only padding is left or the reader is broken. */
export function readMessage(reader: ByteReader): Message | undefined {
  const code = reader.u8();
  switch (code) {
    case codes.padding:
      // Whatever is hidden behind it would be lost on others: there is one form.
      reader.mustEndInZeros();
      return undefined;
    case codes.ping:
      return { kind: 'ping', seq: reader.u32() };
    case codes.ack:
      return { kind: 'ack', seq: reader.u32() };
    case codes.nack:
      return { kind: 'nack', seq: reader.u32() };
    case codes['indirect-ping']:
      return { kind: 'indirect-ping', seq: reader.u32(), target: readName(reader) };
    case codes.alive: {
      const about = readName(reader);
      const incarnation = reader.u48();
      return { kind: 'alive', about, incarnation, address: readAddress(reader), tagBytes: readTagBytes(reader) };
    }
    case codes.suspect:
      return { kind: 'suspect', about: readName(reader), incarnation: reader.u48(), from: readName(reader) };
    case codes.failed:
      return { kind: 'failed', about: readName(reader), incarnation: reader.u48(), from: readName(reader) };
    case codes.left:
      return { kind: 'left', about: readName(reader), incarnation: reader.u48() };
    default:
      reader.isBroken = true;
      return undefined;
  }
}

export function writeTagBytes(writer: ByteWriter, tagBytes: Uint8Array): void {
  writer.u16(tagBytes.length).put(tagBytes);
}

export function readTagBytes(reader: ByteReader): Uint8Array {
  const length = reader.u16();
  if (length > tagBytesMax) reader.isBroken = true;
  // A copy, which a Buffer's `slice` is not: the packet is its receiver's, and goes when it does.
  return new Uint8Array(reader.take(reader.isBroken ? 0 : length));
}
