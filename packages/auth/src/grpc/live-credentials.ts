import { constants, type X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Credentials } from '../tls/credential-files.js';

/** A connection whose handshake has succeeded, and which OpenSSL trusts. */
export interface Connection {
  /** What the peer has presented, in its order: its own certificate, and whatever it has sent along. */
  readonly presented: readonly X509Certificate[];
  /** Where from, `address:port`. */
  readonly from: string;
  /** Ends it at once, and every stream on it. */
  destroy(): void;
  onClose(listener: () => void): void;
}

/**
 * Credentials for a gRPC server whose certificates can be swapped, and which show every connection.
 *
 * Everything here that grpc-js and Node do not document is in this file, and test/grpc/live-credentials.test.ts fails when it changes:
 *
 * - grpc-js merges what `_getConstructorOptions` and `_getSecureContextOptions` return into the options of
 *   `http2.createSecureServer`, and hands what `updateSecureContextOptions` is given to the `setSecureContext` of each server
 *   (server.js, createHttp2Server). `setSecureContext` resets what it is not told: the versions are part of the context.
 * - Node calls `ALPNCallback` as a method of the socket (_tls_wrap.js, callALPNCallback): the only way to a server's sockets that
 *   leads through its options.
 * - Node asks its handle for `verifyError` when a handshake is over, and destroys the socket when there is one, before it makes the HTTP/2
 *   session (_tls_wrap.js, onServerSocketSecure): the only moment to refuse somebody. Once there is a session, calls that came in the
 *   same read as the handshake's end are served even though the socket is destroyed.
 * - `issuerCertificate` of `getPeerX509Certificate` is whatever the peer has sent next. (`getPeerCertificate(true)` looks for
 *   issuers by their names, and passes over those that the peer has hidden behind others of the same name.)
 */
export class LiveCredentials extends ServerCredentials {
  /** @param onConnection may destroy it: then there never is a session, and nothing that it sends is read */
  constructor(first: Credentials, handshakeTimeoutMs: number, onConnection: (connection: Connection) => void) {
    super(
      {
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: handshakeTimeoutMs,
        // Who speaks TLS but not HTTP/2 is told so, and has as long to go away.
        unknownProtocolTimeout: handshakeTimeoutMs,
        ALPNCallback(this: unknown, { protocols }: { protocols: string[] }) {
          if (!protocols.includes('h2') || !(this instanceof TLSSocket)) return undefined;
          judge(this, onConnection);
          return 'h2';
        },
      },
      contextOf(first),
    );
  }

  /** Uses these for every handshake that begins from now on. Connections that exist stay as they are. */
  swap(next: Credentials): void {
    this.updateSecureContextOptions(contextOf(next));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** @throws Error when OpenSSL does not take them */
export function tryOut(credentials: Credentials): void {
  createSecureContext(contextOf(credentials));
}

function contextOf({ certificatePem, keyPem, authoritiesPem }: Credentials): SecureContextOptions {
  return {
    cert: certificatePem,
    key: keyPem,
    ca: authoritiesPem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    // A resumed session would skip the check of the certificate, and outlive a swap of the authorities.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** Node's handle of a TLS socket, as far as it is used here. */
interface Handle {
  verifyError(): Error | null | undefined;
}

const refusal = Object.assign(new Error('the connection was refused for its certificate'), { code: 'CERT_REJECTED' });

/** Joins our verdict about a peer to that of OpenSSL. */
function judge(socket: TLSSocket, onConnection: (connection: Connection) => void): void {
  const handle = (socket as unknown as { _handle: Handle })._handle;
  const verify = handle.verifyError.bind(handle);
  let isJudged = false;
  handle.verifyError = () => {
    isJudged = true;
    const untrusted = verify();
    if (untrusted) return untrusted;
    try {
      onConnection(connectionOf(socket));
    } catch (error) {
      socket.destroy(error as Error);
    }
    return socket.destroyed ? refusal : undefined;
  };
  // Should Node not ask any more, nobody comes in.
  socket.once('secure', () => {
    if (!isJudged) socket.destroy();
  });
}

function connectionOf(socket: TLSSocket): Connection {
  return {
    presented: presentedBy(socket),
    from: `${socket.remoteAddress}:${socket.remotePort}`,
    destroy: () => void socket.destroy(),
    onClose: (listener) => void socket.once('close', listener),
  };
}

function presentedBy(socket: TLSSocket): X509Certificate[] {
  const presented: X509Certificate[] = [];
  for (let next = socket.getPeerX509Certificate(); next !== undefined; next = next.issuerCertificate)
    presented.push(next);
  return presented;
}
