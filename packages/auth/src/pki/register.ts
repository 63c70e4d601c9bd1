import { join } from 'node:path';
import { type Files, hasErrorCode } from '@commitlog/runtime';
import { AuthError, fileError } from '../errors.js';
import { readSmallFile } from '../small-file.js';
import { pemOf } from '../tls/pem.js';
import { normalSerialNumber } from '../tls/signed-list.js';
import { X509Certificate } from '../x509.js';
import { publicPermissions, writeDurably } from './durable-file.js';

const fileBytesMax = 1024 * 1024;

/** A certificate that was issued once. */
export interface Registered {
  readonly serialNumber: string;
  readonly certificate: X509Certificate;
  /** Whether it was revoked, and was left out of the revocation list later, since it had expired by the clock of then. That may have been ahead. */
  readonly isRetired: boolean;
}

/**
 * What an authority has issued: a directory with a file for each certificate, named after its serial number. One that was revoked and is no longer on the
 * revocation list has another ending, so that it stays known for revoked.
 */
export class Register {
  readonly #dir: string;
  readonly #files: Files;

  constructor(dir: string, files: Files) {
    this.#dir = dir;
    this.#files = files;
  }

  async add(certificate: X509Certificate): Promise<void> {
    const path = this.#pathOf(normalSerialNumber(certificate.serialNumber), issued);
    const text = pemOf('CERTIFICATE', certificate.rawData);
    await writeDurably(this.#files, { path, text, permissions: publicPermissions });
  }

  /** @throws AuthError `unknown-certificate` */
  async find(serialNumber: string): Promise<Registered> {
    const serial = normalSerialNumber(serialNumber);
    if (!/^[0-9A-F]{1,40}$/.test(serial)) {
      throw new AuthError(
        'unknown-certificate',
        `expected a serial number in hexadecimal digits, got "${serialNumber}"`,
      );
    }
    // One that was put back from a backup is retired still. Retired at last, since it may be retired between two looks.
    const found = await this.#readFirst(serial, [retired, issued, retired]);
    if (found !== undefined) return found;
    throw new AuthError('unknown-certificate', `no certificate with the serial number ${serialNumber} was issued here`);
  }

  /** All of them, in the order of their serial numbers. */
  async *all(): AsyncGenerator<Registered, void> {
    const names = new Set(await this.#files.list(this.#dir));
    const serials = new Set([...names].map((name) => /^([0-9A-F]+)(\.crt|\.revoked\.crt)$/.exec(name)?.[1]));
    for (const serial of serials) {
      if (serial === undefined) continue;
      const endings = names.has(`${serial}${retired}`) ? [retired] : [issued, retired];
      const found = await this.#readFirst(serial, endings);
      if (found !== undefined) yield found;
    }
  }

  /** Remembers for good that these were revoked: afterwards they need not be on the revocation list. */
  async retire(revoked: Iterable<Registered>): Promise<void> {
    try {
      for (const { serialNumber, isRetired } of revoked) {
        if (isRetired) continue;
        await this.#files.rename(this.#pathOf(serialNumber, issued), this.#pathOf(serialNumber, retired));
      }
      await this.#files.syncDirectory(this.#dir);
    } catch (error) {
      throw fileError(error, 'write', this.#dir);
    }
  }

  #pathOf(serial: string, ending: string): string {
    return join(this.#dir, `${serial}${ending}`);
  }

  async #readFirst(serialNumber: string, endings: readonly string[]): Promise<Registered | undefined> {
    for (const ending of endings) {
      const found = await this.#read(serialNumber, ending);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #read(serialNumber: string, ending: string): Promise<Registered | undefined> {
    const path = this.#pathOf(serialNumber, ending);
    try {
      const certificate = new X509Certificate(`${await readSmallFile(this.#files, { path, bytesMax: fileBytesMax })}`);
      return { serialNumber, certificate, isRetired: ending === retired };
    } catch (error) {
      if (error instanceof AuthError && hasErrorCode(error.cause, 'ENOENT')) return undefined;
      throw fileError(error, 'read', path);
    }
  }
}

const issued = '.crt';
const retired = '.revoked.crt';
