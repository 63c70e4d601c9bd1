import { readFile } from 'node:fs/promises';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { warn } from './failures.js';

/** What a client shows, and whom it believes; each in PEM. */
export interface TlsMaterial {
  /** The authorities whose certificates are believed. */
  readonly ca: string | Buffer;
  /** The client's own certificate, and those between it and the authority. Together with `key`, or neither. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

export interface ClientTlsInit {
  /** How often the material is loaded anew, in milliseconds. Default 60,000; 0: only by {@link ClientTls.reload}. */
  readonly reloadMs?: number;
  /** Checks a server beyond its host name, such as which node it is. Returns what is wrong with it. */
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
  /** Told of material that cannot be loaded or used: what was there goes on being used. */
  readonly onRefused?: (error: Error) => void;
}

/** Loads PEM files. */
export function pemFiles(paths: { readonly ca: string; readonly cert?: string; readonly key?: string }) {
  return async (): Promise<TlsMaterial> => {
    const { ca, cert, key } = paths;
    const read = async (path: string | undefined) => (path === undefined ? undefined : await readFile(path));
    const [caPem, certPem, keyPem] = await Promise.all([readFile(ca), read(cert), read(key)]);
    return { ca: caPem, ...(certPem && { cert: certPem }), ...(keyPem && { key: keyPem }) };
  };
}

/**
 * TLS 1.3 for channels, with certificates that are replaced while it is used: open connections go on, new ones show the new
 * certificate. One of it serves any number of channels.
 */
export class ClientTls extends ChannelCredentials {
  readonly #load: () => Promise<TlsMaterial>;
  readonly #init: ClientTlsInit;
  #current: ChannelCredentials;
  #reloading: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(load: () => Promise<TlsMaterial>, init: ClientTlsInit, first: TlsMaterial) {
    super();
    this.#load = load;
    this.#init = init;
    this.#current = credentialsOf(first, init);
    const { reloadMs = 60_000, onRefused = () => {} } = init;
    if (reloadMs > 0)
      this.#timer = setInterval(() => void this.reload().catch(onRefused).catch(warn), reloadMs).unref();
  }

  /** @throws Error when the material cannot be loaded, or is none */
  static async open(load: () => Promise<TlsMaterial>, init: ClientTlsInit = {}): Promise<ClientTls> {
    return new ClientTls(load, init, await load());
  }

  /** @throws Error when the material cannot be loaded, or is none: what was there goes on being used */
  reload(): Promise<void> {
    // One after the other: what was read first must not replace what was read last.
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(): Promise<void> {
    this.#current = credentialsOf(await this.#load(), this.#init);
  }

  /** Reloads no more. */
  close(): void {
    clearInterval(this.#timer);
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
    const first = this.#current._createSecureConnector(...args);
    return {
      connect: (socket) => this.#current._createSecureConnector(...args).connect(socket),
      waitForReady: () => first.waitForReady(),
      getCallCredentials: () => first.getCallCredentials(),
      destroy: () => first.destroy(),
    };
  }
}

function credentialsOf({ ca, cert, key }: TlsMaterial, init: ClientTlsInit): ChannelCredentials {
  const context = createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' });
  return ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (host, shown) => checkServerIdentity(host, shown) ?? init.checkServerIdentity?.(host, shown),
  });
}
