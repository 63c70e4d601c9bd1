import type { Clock, Files } from '@commitlog/runtime';
import { AuthError, wordsOf } from '../errors.js';
import { readSmallFile } from '../small-file.js';
import { pemBlocks, pemOf } from '../tls/pem.js';
import { normalSerialNumber, numberOfList, parseList, type WebCrypto } from '../tls/revocations.js';
import { type X509Certificate, X509CrlGenerator } from '../x509.js';
import { publicPermissions, writeDurably } from './durable-file.js';
import { type PrivateKey, signature } from './keys.js';
import { backdatedMs, dayMs, revocationExtensions } from './profile.js';

/** A list that is not replaced by then is reported; it is heeded all the same. */
const goodForDays = 30;
const fileBytesMax = 16 * 1024 * 1024;

export interface Revoked {
  /** See `normalSerialNumber`. */
  readonly serial: string;
  /** When, in ms since 1970. */
  readonly atMs: number;
}

/** What a list says. */
export interface RevocationListContent {
  readonly entries: readonly Revoked[];
  /** Grows with every list (RFC 5280 §5.2.3). */
  readonly number: bigint;
}

/** The file of an authority's revocation list. Whoever changes it holds the authority's lock. */
export class RevocationList {
  readonly path: string;
  readonly #issuer: X509Certificate;
  readonly #key: PrivateKey;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #crypto: WebCrypto;

  constructor(
    { path, issuer, key }: { readonly path: string; readonly issuer: X509Certificate; readonly key: PrivateKey },
    { files, clock, crypto }: { readonly files: Files; readonly clock: Clock; readonly crypto: WebCrypto },
  ) {
    this.path = path;
    this.#issuer = issuer;
    this.#key = key;
    this.#files = files;
    this.#clock = clock;
    this.#crypto = crypto;
  }

  /** @throws AuthError `file`; `certificates` when it is damaged */
  async read(): Promise<RevocationListContent> {
    const { path } = this;
    const content = await readSmallFile(this.#files, { path, bytesMax: fileBytesMax });
    try {
      return contentOf(`${content}`);
    } catch (error) {
      const why = `${path} is no revocation list that can be read: ${wordsOf(error)}. Take it from a server or a backup: a new one would revoke nobody`;
      throw new AuthError('certificates', why, { path, cause: error });
    }
  }

  /** @returns the serial numbers of all that were revoked */
  async serials(): Promise<ReadonlySet<string>> {
    return new Set((await this.read()).entries.map(({ serial }) => serial));
  }

  /**
   * Signs a list and replaces the file, by what can be read again: a list that nobody can read would bring back all that were revoked before.
   *
   * @throws AuthError `file`; `settings` when so many are revoked that no server would read the list
   */
  async write({ entries, number }: RevocationListContent): Promise<void> {
    const nowMs = this.#clock.wallMs();
    const list = await X509CrlGenerator.create(
      {
        issuer: this.#issuer.subjectName,
        thisUpdate: new Date(nowMs - backdatedMs),
        nextUpdate: new Date(nowMs + goodForDays * dayMs),
        signingAlgorithm: signature,
        signingKey: this.#key,
        entries: entries.map(({ serial, atMs }) => ({
          serialNumber: evenDigits(serial),
          revocationDate: new Date(atMs),
        })),
        extensions: await revocationExtensions(this.#issuer.publicKey, number),
      },
      this.#crypto,
    );
    const text = pemOf('X509 CRL', list.rawData);
    if (text.length > fileBytesMax) {
      const why = `the revocation list would have ${text.length} bytes, and servers read ${fileBytesMax}: make a new authority`;
      throw new AuthError('settings', why, { path: this.path });
    }
    const written = contentOf(text);
    if (written.entries.length !== entries.length || written.number !== number)
      throw new Error(`${this.path} would not say what it should: nothing was changed`);
    await writeDurably(this.#files, { path: this.path, text, permissions: publicPermissions });
  }
}

/** @throws whatever the library stumbles over */
function contentOf(text: string): RevocationListContent {
  const [der] = pemBlocks(text, 'X509 CRL');
  if (der === undefined) throw new Error('expected PEM, "-----BEGIN X509 CRL-----"');
  const list = parseList(der);
  const entries = list.entries.map(({ serialNumber, revocationDate }) => ({
    serial: normalSerialNumber(serialNumber),
    atMs: revocationDate.getTime(),
  }));
  return { entries, number: numberOfList(list) ?? 0n };
}

function evenDigits(serial: string): string {
  return serial.length % 2 === 0 ? serial : `0${serial}`;
}
