import { X509Certificate as OpenSslCertificate } from 'node:crypto';
import type { Clock, Files } from '@commitlog/runtime';
import { AuthError, wordsOf } from '../errors.js';
import { readSmallFile } from '../small-file.js';
import { listFileBytesMax, listsOf } from '../tls/list-file.js';
import { pemOf } from '../tls/pem.js';
import { numberOfList } from '../tls/revocations.js';
import { entriesOf, joinSignature, type ListEntry, signerOf, takeApart, withEntries } from '../tls/signed-list.js';
import { type X509Certificate, X509CrlGenerator } from '../x509.js';
import { publicPermissions, writeDurably } from './durable-file.js';
import { type PrivateKey, sign, signature, type WebCrypto } from './keys.js';
import { backdatedMs, dayMs, revocationExtensions } from './profile.js';

/** A list that is not replaced by then is reported; it is heeded all the same. In days. */
export const listGoodForDays = 30;

/** What a list says. */
export interface RevocationListContent {
  readonly entries: readonly ListEntry[];
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

  /** @throws AuthError `file`; `certificates` when it is damaged, or somebody else's */
  async read(): Promise<RevocationListContent & { readonly thisUpdateMs: number }> {
    const { path } = this;
    const content = await readSmallFile(this.#files, { path, bytesMax: listFileBytesMax });
    try {
      return await this.#contentOf(content);
    } catch (error) {
      const why = `${path} is no revocation list that can be read: ${wordsOf(error)}. Take it from a server or a backup: a new one would revoke nobody`;
      throw new AuthError('certificates', why, { path, cause: error });
    }
  }

  /** @returns the serial numbers of all that it revokes */
  async serials(): Promise<ReadonlySet<string>> {
    return new Set((await this.read()).entries.map(({ serialNumber }) => serialNumber));
  }

  /**
   * Signs a list and replaces the file, by what can be read again: a list that nobody can read would bring back all that were revoked before.
   *
   * @throws AuthError `file`; `settings` when so many are revoked that no server would read the list; `certificates` when the new list would not say what it
   * should. Then nothing was changed.
   */
  async write(content: RevocationListContent): Promise<void> {
    const text = pemOf('X509 CRL', await this.#sign(content));
    if (text.length > listFileBytesMax) {
      const why = `the revocation list would have ${text.length} bytes, and servers read ${listFileBytesMax}: make a new authority`;
      throw new AuthError('settings', why, { path: this.path });
    }
    await this.#requireSays(text, content);
    await writeDurably(this.#files, { path: this.path, text, permissions: publicPermissions });
  }

  async #sign({ entries, number }: RevocationListContent): Promise<Buffer> {
    const nowMs = this.#clock.wallMs();
    const empty = await X509CrlGenerator.create(
      {
        issuer: this.#issuer.subjectName,
        thisUpdate: new Date(nowMs - backdatedMs),
        nextUpdate: new Date(nowMs + listGoodForDays * dayMs),
        signingAlgorithm: signature,
        signingKey: this.#key,
        extensions: await revocationExtensions(this.#issuer.publicKey, number),
      },
      this.#crypto,
    );
    // The library takes a millisecond for each entry, and more the more there are.
    const list = takeApart(Buffer.from(empty.rawData));
    const signed = withEntries(list, entries);
    return joinSignature(list, signed, await sign(this.#key, signed, this.#crypto));
  }

  async #requireSays(text: string, { entries, number }: RevocationListContent): Promise<void> {
    const { path } = this;
    let written: RevocationListContent | undefined;
    let cause: unknown;
    try {
      written = await this.#contentOf(Buffer.from(text));
    } catch (error) {
      cause = error;
    }
    const says = written?.entries.length === entries.length && written.number === number;
    if (says && entries.every(({ serialNumber }, at) => written?.entries[at]?.serialNumber === serialNumber)) return;
    const why = `a new ${path} would not say what it should, ${entries.length} revoked and number ${number}: nothing was changed. Please report this`;
    throw new AuthError('certificates', why, { path, cause });
  }

  /** @throws whatever it stumbles over */
  async #contentOf(content: Buffer): Promise<RevocationListContent & { readonly thisUpdateMs: number }> {
    const [der, ...others] = listsOf(content, this.path) as [Buffer, ...Buffer[]];
    if (others.length > 0) throw new Error(`expected one list, and there are ${others.length + 1}`);
    const list = takeApart(der);
    if ((await signerOf(list, [new OpenSslCertificate(this.#issuer.toString('pem'))])) === undefined)
      throw new Error('it is not signed by this authority');
    return {
      entries: [...entriesOf(list)],
      number: numberOfList(list.head) ?? 0n,
      thisUpdateMs: list.head.thisUpdate.getTime(),
    };
  }
}
