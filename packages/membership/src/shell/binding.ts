import { type Address, type DatagramSocket, type Datagrams, hasErrorCode } from '@commitlog/runtime';
import { addressText, canonical, isLoopback, isWildcard, MembershipError } from '../core/index.js';
import type { ExchangeListener, Exchanges } from './exchanges.js';

/** Ports that are tried where any will do: what is free for streams may be taken for packets. */
const triesMax = 10;

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
  if (advertised === undefined && isWildcard(local.host)) {
    throw settings(
      `bind is ${addressText(local)}, all addresses of this machine: say with advertise which one is for others`,
    );
  }
  const told = advertised ?? local;
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

function settings(message: string): MembershipError {
  return new MembershipError('ERR_MEMBERSHIP_SETTINGS', message);
}
