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

/** How many logs a stream may name: each is asked about again when the policy changes. */
const logsMax = 1024;

/** Lets in who may come in. One for each call. */
export class Guard {
  readonly #security: Security;
  readonly #attempt: Attempt;
  #principal: Principal | undefined;
  /** What the principal's messages were about: what is asked again when the policy changes. */
  readonly #logs = new Set<string>();

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
   * @throws ApiError `INVALID_LOG_NAME`, `PERMISSION_DENIED`; `INVALID_REQUEST` for more than 1,024 logs on one stream
   */
  admitMessage(message: object): void {
    const { requirement } = this.#attempt;
    if (requirement.kind !== 'granted' || !requirement.namesLog) return;
    const log = requireLogName((message as { log: string }).log);
    this.#requireGrant(log);
    if (this.#logs.size === logsMax && !this.#logs.has(log)) {
      throw new ApiError(
        'INVALID_REQUEST',
        `a stream may name ${logsMax} logs, and this is one more: open another stream`,
      );
    }
    this.#logs.add(log);
  }

  /** How many decisions of the policy the call stands on. */
  get decisions(): number {
    const { requirement } = this.#attempt;
    if (requirement.kind !== 'granted') return 0;
    return requirement.namesLog ? this.#logs.size : 1;
  }

  /**
   * Asks the policy anew about a call that was let in, for one log with each step.
   *
   * @throws ApiError `PERMISSION_DENIED`; or whatever the authorizer throws
   */
  *recheck(): Generator<undefined> {
    const { requirement } = this.#attempt;
    if (requirement.kind !== 'granted') return;
    for (const log of requirement.namesLog ? this.#logs : ['*']) {
      this.#requireGrant(log);
      yield;
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
