import type { AuditRecord, ServerTlsStatus } from '../../src/index.js';

/** What the server's process says of itself when it is asked. */
export interface Report {
  /** Records, batches and peers that were let through. */
  readonly stored: { readonly records: number; readonly batches: number; readonly peers: number };
  /** The last events, at most 200. */
  readonly audit: readonly AuditRecord[];
  readonly acl: { readonly changes: number; readonly refusals: number };
  readonly tls: ServerTlsStatus;
  readonly openCalls: number;
  /** The last of what the server's operator was told under an id, at most 20. */
  readonly defects: readonly { readonly id: string | undefined; readonly error: string }[];
  /** After a collection of garbage: what is really held. */
  readonly heldMb: number;
  /** What the process has now. */
  readonly rssMb: number;
  /** The most that it had since the last report, sampled every 10 ms. */
  readonly peakMb: number;
}

/** Where the server finds its files. */
export interface ServerFiles {
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
  readonly revocations: string;
  readonly model: string;
  readonly policy: string;
}
