import type { Buffer } from 'node:buffer';
import type { Codec } from './codec.js';
import { CommitlogError } from './errors.js';

/** How to find a cluster and prove who one is. */
export interface ConnectSettings<T = Uint8Array> {
  /** `host:port` of servers of the cluster, one at least; the others are found out. A single string may list several, with commas. */
  readonly servers: string | readonly string[];
  /** Mutual TLS 1.3. Either this, or `insecure`. */
  readonly tls?: TlsSettings;
  /** Without TLS: for a cluster that runs without, on loopback. */
  readonly insecure?: boolean;
  /** The log's name: 1 to 128 letters, digits, `-`, `_` and `.`. Default `default`. */
  readonly log?: string;
  /**
   * How long any call may take until it settles, in ms: 1 to 2^31 − 1. Default 10,000. For a reading, how long it may be without a server.
   */
  readonly deadlineMs?: number;
  /** Connect at the first call, rather than now. Default false: {@link connect} finds a server first, or throws. */
  readonly lazy?: boolean;
  /** How many bytes of records may wait or be in flight: for all appends of the log together, and for each producer. Default 16 MiB; at least 2 MiB. */
  readonly pendingBytesMax?: number;
  /** How values become bytes, unless told otherwise by {@link Commitlog.withCodec}. Default: they are bytes. */
  readonly codec?: Codec<T>;
}

/** Each a path, or PEM itself. Files are loaded again once a minute, and when they change nothing has to be restarted; PEM stays as it is. */
export interface TlsSettings {
  /** The authorities whose servers are believed. */
  readonly ca: string | Buffer;
  /** One's own certificate; its common name is whom the access-control list knows. */
  readonly cert: string | Buffer;
  /** Its private key; a file that others may read is refused. */
  readonly key: string | Buffer;
}

/** @throws CommitlogError `INVALID_ARGUMENT` */
export function serversOf(servers: ConnectSettings['servers']): readonly string[] {
  const listed = (typeof servers === 'string' ? servers.split(',') : [...(servers ?? [])]).map((server) =>
    server.trim(),
  );
  const wrong = listed.find((server) => !isAddress(server));
  if (listed.length > 0 && wrong === undefined) return [...new Set(listed)];
  const got = wrong === undefined ? 'none' : JSON.stringify(wrong);
  throw new CommitlogError('INVALID_ARGUMENT', `servers: expected \`host:port\`, one at least, got ${got}`);
}

/** A name, an IPv4 address, or an IPv6 address in brackets; and a port. */
function isAddress(server: string): boolean {
  const [, port] = /^(?:[^\s:[\]/]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(server) ?? [];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}
