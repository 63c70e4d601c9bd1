import type { Principal } from './security.js';

/** What a handler may know of the call beyond its messages. */
export interface CallContext {
  /** Such as `/log.v1.Log/Produce`. */
  readonly method: string;
  readonly principal: Principal;
  /** Address and port of the client. */
  readonly peer: string;
  /** When the caller stops waiting, in milliseconds since 1970-01-01T00:00:00Z; `Infinity` if it never does. */
  readonly deadlineMs: number;
  /**
   * Aborted with an `ApiError` when the call is over before the handler is: the client went, the deadline passed, the grant was
   * revoked, the server stops.
   */
  readonly signal: AbortSignal;
}
