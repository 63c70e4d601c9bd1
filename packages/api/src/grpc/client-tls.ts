import { isIP } from 'node:net';
import {
  checkServerIdentity,
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  TLSSocket,
} from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { warn } from './failures.js';
import { checkMaterial, type TlsMaterial, TlsMaterialError } from './tls-material.js';

export interface ClientTlsInit {
  /** How often the material is loaded anew, in milliseconds. Default 60,000; 0: only by {@link ClientTls.reload}. */
  readonly reloadMs?: number;
  /**
   * Checks a server beyond its host name and its authority, such as which node it is, and that it was not revoked. Returns what is wrong with it. Asked at
   * every handshake, and again of open connections: one that it finds wrong ends.
   *
   * @param certificate with those of its issuers
   */
  readonly checkServerIdentity?: (host: string, certificate: DetailedPeerCertificate) => Error | undefined;
  /** How often open connections are checked again, in milliseconds. Default 10,000; 0: only by {@link ClientTls.recheck}. */
  readonly recheckMs?: number;
  /** Told of material that cannot be loaded or used: what was there goes on being used. */
  readonly onRefused?: (error: Error) => void;
}

/**
 * TLS 1.3 for channels, with certificates that are replaced while it is used: open connections go on, new ones show the new
 * certificate. One of it serves any number of channels.
 */
export class ClientTls extends ChannelCredentials {
  readonly #load: () => Promise<TlsMaterial>;
  readonly #init: ClientTlsInit;
  #context: SecureContext;
  #reloading: Promise<void> = Promise.resolve();
  readonly #timers: NodeJS.Timeout[] = [];
  /** Open connections, and the host that each was made to. */
  readonly #connections = new Map<TLSSocket, string>();

  private constructor(load: () => Promise<TlsMaterial>, init: ClientTlsInit, first: TlsMaterial) {
    super();
    this.#load = load;
    this.#init = init;
    this.#context = contextOf(first);
    const { reloadMs = 60_000, recheckMs = 10_000, onRefused = () => {} } = init;
    if (reloadMs > 0) this.#every(reloadMs, () => void this.reload().catch(onRefused).catch(warn));
    if (recheckMs > 0 && init.checkServerIdentity !== undefined) this.#every(recheckMs, () => this.recheck());
  }

  /** @throws TlsMaterialError when the material is none that a handshake could use; or whatever `load` throws */
  static async open(load: () => Promise<TlsMaterial>, init: ClientTlsInit = {}): Promise<ClientTls> {
    return new ClientTls(load, init, await load());
  }

  /** @throws TlsMaterialError, or whatever `load` throws: what was there goes on being used */
  reload(): Promise<void> {
    // One after the other: what was read first must not replace what was read last.
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(): Promise<void> {
    this.#context = contextOf(await this.#load());
  }

  /** Checks the server of every open connection again, and ends those that are not what they should be. */
  recheck(): void {
    for (const [socket, host] of this.#connections) {
      if (socket.destroyed) continue;
      if (this.#problemOf(host, socket.getPeerCertificate(true)) !== undefined) socket.destroy();
    }
  }

  /** Reloads no more, and checks no more. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  /** grpc-js asks for a connector once, and connects by it again and again: each time with what is current then. */
  override _createSecureConnector(
    ...args: Parameters<ChannelCredentials['_createSecureConnector']>
  ): ReturnType<ChannelCredentials['_createSecureConnector']> {
    const first = this.#credentials(() => {})._createSecureConnector(...args);
    return {
      connect: async (socket) => {
        let host = '';
        const credentials = this.#credentials((asked) => {
          host = asked;
        });
        const connector = credentials._createSecureConnector(...args);
        nameNoAddress(connector);
        const connected = await connector.connect(socket);
        if (connected.socket instanceof TLSSocket) this.#watch(connected.socket, host);
        return connected;
      },
      waitForReady: () => first.waitForReady(),
      getCallCredentials: () => first.getCallCredentials(),
      destroy: () => first.destroy(),
    };
  }

  /** For one connection. @param onHost told of the host whose name the server must prove */
  #credentials(onHost: (host: string) => void): ChannelCredentials {
    return ChannelCredentials.createFromSecureContext(this.#context, {
      checkServerIdentity: (host, shown) => {
        onHost(host);
        // Node hands over all of it (_tls_wrap.js, onConnectSecure).
        return this.#problemOf(host, shown as DetailedPeerCertificate);
      },
    });
  }

  /** Called by Node where nobody catches: what is thrown here would end the process. */
  #problemOf(host: string, shown: DetailedPeerCertificate): Error | undefined {
    try {
      return checkServerIdentity(host, shown) ?? this.#init.checkServerIdentity?.(host, shown);
    } catch (error) {
      return new Error(
        `the server's certificate could not be checked: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #watch(socket: TLSSocket, host: string): void {
    this.#connections.set(socket, host);
    socket.once('close', () => this.#connections.delete(socket));
  }

  #every(ms: number, act: () => void): void {
    this.#timers.push(setInterval(act, ms).unref());
  }
}

/**
 * grpc-js sends the host as the server's name, also where it is an IP address: RFC 6066 §3 forbids that, and Node warns of it on standard error. Without a name
 * Node checks the certificate for the host all the same.
 */
function nameNoAddress(connector: object): void {
  const { connectionOptions } = connector as { connectionOptions?: { servername?: string } };
  if (connectionOptions !== undefined && isIP(connectionOptions.servername ?? '') !== 0)
    connectionOptions.servername = '';
}

function contextOf(material: TlsMaterial): SecureContext {
  const { ca, cert, key } = checkMaterial(material, Date.now());
  try {
    return createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TlsMaterialError('certificates', `OpenSSL does not take the certificates: ${why}`, error);
  }
}
