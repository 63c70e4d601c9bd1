import { Metadata } from '@grpc/grpc-js';
import type { ApiError } from '../errors.js';
import { decodeStatus, encodeStatus, fromStatus, toStatus } from '../status.js';

/** Where gRPC has a `google.rpc.Status`. */
const detailsKey = 'grpc-status-details-bin';

/** How a call ended, as grpc-js has it. */
export interface Trailer {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata | null;
}

/** An error as a server sends it. */
export interface ErrorTrailer extends Trailer {
  readonly metadata: Metadata;
}

/** @throws Error when details that came from elsewhere cannot be encoded */
export function toTrailer(error: ApiError): ErrorTrailer {
  const status = toStatus(error);
  const metadata = new Metadata();
  metadata.set(detailsKey, encodeStatus(status));
  return { code: status.code, details: status.message, metadata };
}

/** An error as a client received it: the details if they are there and of the same code, else what gRPC itself says. */
export function fromTrailer(received: Trailer): ApiError {
  const { code, details, metadata } = received;
  const bytes = metadata?.get(detailsKey)[0];
  const status = bytes instanceof Buffer ? decodeStatus(bytes) : undefined;
  if (status !== undefined && status.code === code) return fromStatus(status);
  return fromStatus({ code, message: details, details: [] });
}

/** The status of a server, with details if it had none and is no success. */
export function withDetails(trailer: Trailer, explain: (trailer: Trailer) => ApiError): Trailer {
  if (trailer.code === 0 || (trailer.metadata?.get(detailsKey) ?? []).length > 0) return trailer;
  const explained = toTrailer(explain(trailer));
  const metadata = trailer.metadata?.clone() ?? new Metadata();
  metadata.merge(explained.metadata);
  return { ...explained, metadata };
}
