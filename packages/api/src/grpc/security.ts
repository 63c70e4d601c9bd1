import type { PeerCertificate } from 'node:tls';

/** Who is at the other end of a connection. */
export type Principal =
  | { readonly kind: 'node'; readonly cluster: string; readonly nodeId: string }
  | { readonly kind: 'client'; readonly subject: string };

/** Tells who somebody is. */
export interface Authenticator {
  /**
   * From a certificate that TLS has verified to the one principal that it proves. Called for every connection and every call, with the same object for all
   * calls of a connection: what it says may be remembered by it. A node of another cluster must be refused: methods for nodes
   * let in whatever is a node. It must not throw.
   */
  authenticate(certificate: PeerCertificate): { readonly principal: Principal } | { readonly refused: string };
}

/** Tells what somebody may do. */
export interface Authorizer {
  /**
   * Synchronous and cached: called for every message that names a log. A denial is audited by the implementation.
   *
   * @param log a log's name, or `*` for what concerns the whole cluster
   */
  isAllowed(principal: Principal, action: string, log: string): boolean;

  /** Calls `listener` after each change of the policy; returns what ends that. Open streams are then checked again. */
  onChange(listener: () => void): () => void;
}

/** A refusal that the authorizer has not seen, for whoever keeps the audit log. */
export interface Refusal {
  /** Such as `/commitlog.raft.v1.RaftService/Control`. */
  readonly method: string;
  /** Address and port. */
  readonly peer: string;
  /** Absent when nobody was recognised. */
  readonly principal?: Principal | undefined;
  readonly why: string;
}

/** Who may call: by certificates and grants, or, on a loopback for tests and demonstrations, everybody. */
export type Security =
  | {
      readonly authenticator: Authenticator;
      readonly authorizer: Authorizer;
      /** Told of refusals for want of an identity, or of being a node, and of those by handlers, such as of a node that speaks as another. */
      readonly onRefused?: (refusal: Refusal) => void;
    }
  | 'insecure';

/** Who calls a server without security: everybody is this one. */
export const anonymous: Principal = { kind: 'client', subject: 'anonymous' };
