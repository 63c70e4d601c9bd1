import type { Address } from '@commitlog/runtime';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/** An address in one piece of text: `10.0.0.1:7946`, `[::1]:7946`. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The bytes of an IP address, 4 or 16 of them, or undefined where `host` is none. An IPv4 address that is written as IPv6
 * (`::ffff:10.0.0.1`, as dual-stack sockets report it) gives 4.
 */
export function ipBytes(host: string): Uint8Array | undefined {
  if (!host.includes(':')) return ipv4Bytes(host);
  const [head, tail, ...more] = host.split('::');
  if (more.length > 0) return undefined;
  const front = groupBytes(head!);
  const back = tail === undefined ? [] : groupBytes(tail);
  if (front === undefined || back === undefined) return undefined;
  const missing = 16 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  const bytes = Uint8Array.from([...front, ...new Array<number>(missing).fill(0), ...back]);
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
}

/** An IP address as text, in one way only (RFC 5952). */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** Whether packets to `host` never leave this machine. */
export function isLoopback(host: string): boolean {
  const bytes = ipBytes(host);
  if (bytes === undefined) return host === 'localhost';
  return bytes.length === 4 ? bytes[0] === 127 : ipText(bytes) === '::1';
}

/** Whether `host` is the address that stands for all of a machine's. */
export function isWildcard(host: string): boolean {
  return ipBytes(host)?.every((byte) => byte === 0) ?? false;
}

/** The same address in its one form. Its host must be an IP address. */
export function canonical({ host, port }: Address): Address {
  const bytes = ipBytes(host);
  if (bytes === undefined || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new RangeError(`expected an IP address and a port from 1 to 65535, got ${addressText({ host, port })}`);
  }
  return { host: ipText(bytes), port };
}

export function writeAddress(writer: ByteWriter, { host, port }: Address): void {
  const bytes = ipBytes(host)!;
  writer.u8(bytes.length).put(bytes).u16(port);
}

export function readAddress(reader: ByteReader): Address {
  const length = reader.u8();
  if (length !== 4 && length !== 16) reader.isBroken = true;
  const bytes = reader.take(reader.isBroken ? 0 : length);
  const port = reader.u16();
  if (port === 0) reader.isBroken = true;
  return { host: reader.isBroken ? '' : ipText(bytes), port };
}

const ipv4Pattern = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

function ipv4Bytes(host: string): Uint8Array | undefined {
  const parts = ipv4Pattern.exec(host);
  if (parts === null) return undefined;
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at++) {
    const value = Number(parts[at + 1]);
    if (value > 255) return undefined;
    bytes[at] = value;
  }
  return bytes;
}

function groupBytes(text: string): number[] | undefined {
  const bytes: number[] = [];
  if (text === '') return bytes;
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const embedded = at === groups.length - 1 ? ipv4Bytes(group) : undefined;
    if (embedded === undefined) return undefined;
    bytes.push(...embedded);
  }
  return bytes.length <= 16 ? bytes : undefined;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}
