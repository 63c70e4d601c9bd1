import type { Address } from '@commitlog/runtime';
import { readAddress, writeAddress } from './address.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { Incarnation } from './incarnation.js';
import type { MemberStatus } from './member.js';
import { readTagBytes, writeTagBytes } from './message.js';
import { nameBytesMax, readName, writeName } from './name.js';
import { tagBytesMax } from './tags.js';

/** All that a member knows of one. */
export interface MemberState {
  readonly name: string;
  readonly address: Address;
  readonly tagBytes: Uint8Array;
  readonly status: MemberStatus;
  readonly incarnation: Incarnation;
}

/** What is said over a stream: a question, and its answer. */
export type Exchange =
  /** Here is all I know: tell me all you know. Answered with the same. */
  | { readonly kind: 'push-pull'; readonly from: string; readonly states: readonly MemberState[] }
  /** A probe that packets may have failed. */
  | { readonly kind: 'ping'; readonly to: string }
  | { readonly kind: 'pong' };

const version = 1;
const codes = { 'push-pull': 1, ping: 2, pong: 3 };
const statuses: readonly MemberStatus[] = ['alive', 'suspect', 'failed', 'left'];

/** One state takes no less: a name of one letter, an IPv4 address, no tags. */
const stateBytesMin = 2 + 7 + 2 + 1 + 6;
const stateBytesMax = 1 + nameBytesMax + 19 + 2 + tagBytesMax + 1 + 6;

/** Bytes of an exchange about so many members, at most. */
export function exchangeBytesMax(members: number): number {
  return 128 + members * stateBytesMax;
}

export function encodeExchange(exchange: Exchange): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(version).u8(codes[exchange.kind]);
  if (exchange.kind === 'ping') writeName(writer, exchange.to);
  if (exchange.kind === 'push-pull') {
    writeName(writer, exchange.from);
    writer.u32(exchange.states.length);
    for (const state of exchange.states) writeState(writer, state);
  }
  return writer.bytes();
}

/** What `bytes` say, or undefined where they say nothing that can be understood to the last byte, or more than `statesMax` states. */
export function decodeExchange(bytes: Uint8Array, statesMax: number): Exchange | undefined {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) return undefined;
  const exchange = readExchange(reader, statesMax);
  return reader.isBroken || reader.left > 0 ? undefined : exchange;
}

function readExchange(reader: ByteReader, statesMax: number): Exchange | undefined {
  switch (reader.u8()) {
    case codes.ping:
      return { kind: 'ping', to: readName(reader) };
    case codes.pong:
      return { kind: 'pong' };
    case codes['push-pull']: {
      const from = readName(reader);
      const count = reader.u32();
      // Before anything is set aside by a number that somebody sent.
      if (count > statesMax || count * stateBytesMin > reader.left) return undefined;
      const states: MemberState[] = [];
      while (states.length < count && !reader.isBroken) states.push(readState(reader));
      return { kind: 'push-pull', from, states };
    }
    default:
      return undefined;
  }
}

function writeState(writer: ByteWriter, state: MemberState): void {
  writeName(writer, state.name);
  writer.u8(statuses.indexOf(state.status)).u48(state.incarnation);
  writeAddress(writer, state.address);
  writeTagBytes(writer, state.tagBytes);
}

function readState(reader: ByteReader): MemberState {
  const name = readName(reader);
  const status = statuses[reader.u8()];
  if (status === undefined) reader.isBroken = true;
  const incarnation = reader.u48();
  return { name, status: status ?? 'left', incarnation, address: readAddress(reader), tagBytes: readTagBytes(reader) };
}
