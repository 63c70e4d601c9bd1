import { type Address, type DatagramSocket, type Datagrams, hasErrorCode } from '@commitlog/runtime';
import { addressText, canonical, ipBytes, isLoopback, isWildcard, MembershipError } from '../core/index.js';
import type { ExchangeListener, Exchanges } from './exchanges.js';

/** Ports that are tried where any will do: what is free for streams may be taken for packets. */
const triesMax = 10;

/** As long as a name in the DNS may be (RFC 1035 §2.3.4). */
const hostLengthMax = 255;

/** Both sides of a member, on one port. */
export interface Binding {
  readonly socket: DatagramSocket;
  readonly listener: ExchangeListener;
}

export interface Receivers {
  readonly receive: (packet: Uint8Array, from: Address) => void;
  readonly answer: (question: Uint8Array) => Uint8Array | undefined;
}

export async function bind(
  local: Address,
  receivers: Receivers,
  components: { readonly datagrams: Datagrams; readonly exchanges: Exchanges },
): Promise<Binding> {
  for (let tries = 1; ; tries++) {
    const listener = await components.exchanges.listen(local, receivers.answer);
    try {
      const socket = await components.datagrams.bind(
        { host: local.host, port: listener.local.port },
        receivers.receive,
      );
      return { socket, listener };
    } catch (error) {
      await listener.close();
      if (local.port !== 0 || tries === triesMax || !hasErrorCode(error, 'EADDRINUSE')) throw error;
    }
  }
}

/** @throws MembershipError where others could not reach what is told to them, or where anybody could who should not */
export function checkBinding(local: Address, advertised: Address | undefined, isSealed: boolean): void {
  checkAddress('bind', local);
  if (advertised !== undefined) checkAddress('advertise', advertised);
  if (advertised === undefined && isWildcard(local.host)) {
    throw settings(
      `bind is ${addressText(local)}, all addresses of this machine: say with advertise which one is for others`,
    );
  }
  const told = advertised ?? local;
  if (isWildcard(told.host)) throw settings(`advertise is ${addressText(told)}, which is no address to send to`);
  if (told.host.includes(':') !== local.host.includes(':')) {
    throw settings(`bind ${addressText(local)} and advertise ${addressText(told)} must both be IPv4 or both be IPv6`);
  }
  if (isSealed || (isLoopback(local.host) && isLoopback(told.host))) return;
  throw new MembershipError(
    'ERR_MEMBERSHIP_UNSEALED',
    `without a keyring packets are neither secret nor authentic, so bind and advertise must be loopback addresses, got ${addressText(local)} and ${addressText(told)}: pass a keyring`,
  );
}

/** Where others are told to send to: a port that is 0 is the one that was bound. */
export function advertisedAddress(bound: Address, advertised: Address | undefined): Address {
  const { host, port } = advertised ?? bound;
  return canonical({ host, port: port === 0 ? bound.port : port });
}

function checkAddress(name: string, address: Address): void {
  const { host, port } = (address ?? {}) as Partial<Address>;
  const isPort = Number.isInteger(port) && port! >= 0 && port! <= 65_535;
  if (typeof host === 'string' && ipBytes(host) !== undefined && isPort) return;
  throw settings(`${name} must have an IP address as host, and a port from 0 to 65535, got ${JSON.stringify(address)}`);
}

/**
 * Where to look for members: here hosts may be names.
 *
 * @throws MembershipError `ERR_MEMBERSHIP_JOIN`
 */
export function checkPlaces(addresses: readonly Address[], max: number): void {
  if (!Array.isArray(addresses)) throw noPlaces(`expected a list of addresses, got ${JSON.stringify(addresses)}`);
  if (addresses.length > max) throw noPlaces(`at most ${max} addresses, got ${addresses.length}`);
  for (const { host, port } of addresses as Address[]) {
    const isHost = typeof host === 'string' && host !== '' && host.length <= hostLengthMax;
    if (isHost && Number.isInteger(port) && port >= 1 && port <= 65_535) continue;
    const got = JSON.stringify({ host, port }).slice(0, 100);
    throw noPlaces(`an address has a host and a port from 1 to 65535, got ${got}`);
  }
}

function noPlaces(message: string): MembershipError {
  return new MembershipError('ERR_MEMBERSHIP_JOIN', message);
}

function settings(message: string): MembershipError {
  return new MembershipError('ERR_MEMBERSHIP_SETTINGS', message);
}
