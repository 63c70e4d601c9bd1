import type { PeerCertificate } from 'node:tls';
import { ApiError } from '../errors.js';
import { requireLogName } from '../log-name.js';
import type { Requirement } from '../service.js';
import { anonymous, type Principal, type Security } from './security.js';

/** The call that somebody wants to make. */
export interface Attempt {
  readonly method: string;
  readonly requirement: Requirement;
  readonly peer: string;
  /** Absent on a connection without TLS. */
  readonly certificate: PeerCertificate | undefined;
}

/** Lets in who may come in. One for each call. */
export class Guard {
  readonly #security: Security;
  readonly #attempt: Attempt;
  #principal: Principal | undefined;
  /** What the principal's last message was about: what is asked again when the policy changes. */
  #log: string | undefined;

  constructor(security: Security, attempt: Attempt) {
    this.#security = security;
    this.#attempt = attempt;
  }

  /** Absent until a call was admitted. */
  get principal(): Principal | undefined {
    return this.#principal;
  }

  /**
   * Before anything that the caller sends is looked at.
   *
   * @throws ApiError `UNAUTHENTICATED`, `PERMISSION_DENIED`
   */
  admitCall(): void {
    const principal = this.#authenticate();
    this.#principal = principal;
    const { requirement, method } = this.#attempt;
    if (this.#security === 'insecure') return;
    if (requirement.kind === 'node' && principal.kind !== 'node') {
      throw this.#refused('PERMISSION_DENIED', `${method} is for nodes, and ${nameOf(principal)} is a client`);
    }
    if (requirement.kind === 'granted' && !requirement.namesLog) this.#requireGrant('*');
  }

  /**
   * For each message that the caller sends.
   *
   * @throws ApiError `INVALID_LOG_NAME`, `PERMISSION_DENIED`
   */
  admitMessage(message: object): void {
    const { requirement } = this.#attempt;
    if (requirement.kind !== 'granted' || !requirement.namesLog) return;
    const log = requireLogName((message as { log: string }).log);
    this.#requireGrant(log);
    this.#log = log;
  }

  /** What the policy says now of a call that was let in. */
  recheck(): ApiError | undefined {
    const { requirement } = this.#attempt;
    const log = requirement.kind !== 'granted' ? undefined : requirement.namesLog ? this.#log : '*';
    if (log === undefined) return undefined;
    try {
      this.#requireGrant(log);
      return undefined;
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  }

  /** Says the same of a log that exists and of one that does not. */
  #requireGrant(log: string): void {
    const { requirement } = this.#attempt;
    const principal = this.#principal;
    if (this.#security === 'insecure' || requirement.kind !== 'granted' || principal === undefined) return;
    if (this.#security.authorizer.isAllowed(principal, requirement.action, log)) return;
    const where = log === '*' ? 'this cluster' : `log "${log}"`;
    throw new ApiError('PERMISSION_DENIED', `${nameOf(principal)} may not ${requirement.action} on ${where}`, {
      metadata: { action: requirement.action, log },
    });
  }

  #authenticate(): Principal {
    if (this.#security === 'insecure') return anonymous;
    const { certificate } = this.#attempt;
    if (certificate === undefined) throw this.#refused('UNAUTHENTICATED', 'the caller has shown no certificate');
    const found = this.#security.authenticator.authenticate(certificate);
    if ('principal' in found) return found.principal;
    throw this.#refused('UNAUTHENTICATED', `the caller's certificate is not accepted: ${found.refused}`);
  }

  #refused(code: 'UNAUTHENTICATED' | 'PERMISSION_DENIED', why: string): ApiError {
    const { method, peer } = this.#attempt;
    if (this.#security !== 'insecure') this.#security.onRefused?.({ method, peer, principal: this.#principal, why });
    return new ApiError(code, why);
  }
}

function nameOf(principal: Principal): string {
  return principal.kind === 'node' ? `node "${principal.nodeId}"` : `"${principal.subject}"`;
}
