import { randomBytes } from 'node:crypto';
import { ApiError, internalError } from '../errors.js';
import type { CallContext } from './call-context.js';
import type { Security } from './security.js';
import { type ErrorTrailer, toTrailer } from './trailer.js';

/** What no client may know. */
export interface Defect {
  /** What the client was told, if a call is concerned. */
  readonly id?: string;
  readonly method?: string;
  readonly error: unknown;
}

/** Decides what clients are told of whatever goes wrong. None of its methods throws, whatever the callbacks of others do. */
export class Failures {
  readonly #security: Security;
  readonly #onDefect: (defect: Defect) => void;

  constructor(security: Security, onDefect: (defect: Defect) => void) {
    this.#security = security;
    this.#onDefect = onDefect;
  }

  /** Reports a defect. */
  report(defect: Defect): void {
    try {
      this.#onDefect(defect);
    } catch (error) {
      warn(error);
    }
  }

  /** An error as it is sent; one that cannot be sent is a defect, and is told as such. */
  trailerOf(method: string, error: ApiError): ErrorTrailer {
    try {
      return toTrailer(error);
    } catch (thrown) {
      return toTrailer(this.#internal(method, thrown));
    }
  }

  /** What was thrown on the way of a call: what is no {@link ApiError} becomes an id. */
  errorOf(method: string, thrown: unknown): ApiError {
    return thrown instanceof ApiError ? thrown : this.#internal(method, thrown);
  }

  /** What a handler has thrown. One that refuses somebody is heard by the auditor, too. */
  trailerOfHandler({ method, peer, principal }: CallContext, thrown: unknown): ErrorTrailer {
    const error = this.errorOf(method, thrown);
    if (error.code === 'PERMISSION_DENIED' && this.#security !== 'insecure') {
      this.#security.onRefused?.({ method, peer, principal, why: error.message });
    }
    return this.trailerOf(method, error);
  }

  #internal(method: string, error: unknown): ApiError {
    const id = randomBytes(8).toString('hex');
    this.report({ id, method, error });
    return internalError(id);
  }
}

/** The same security, whose auditor may throw without harm to anybody. */
export function withSafeAuditor(security: Security, onError: (error: unknown) => void): Security {
  if (security === 'insecure' || security.onRefused === undefined) return security;
  const { authenticator, authorizer } = security;
  return {
    authenticator,
    authorizer,
    onRefused(refusal) {
      try {
        security.onRefused?.(refusal);
      } catch (error) {
        onError(error);
      }
    },
  };
}

/** For what a callback throws whose very task it is to be told of errors. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : `thrown by a callback: ${error}`);
}
