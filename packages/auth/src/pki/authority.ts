import { createPrivateKey, X509Certificate as OpenSslCertificate } from 'node:crypto';
import { join } from 'node:path';
import type { Clock, Files, Random } from '@commitlog/runtime';
import { AuthError, fileError, wordsOf } from '../errors.js';
import { isVisible } from '../principal.js';
import { readSmallFile } from '../small-file.js';
import { pemOf } from '../tls/pem.js';
import { entryOf, type ListEntry, normalSerialNumber } from '../tls/signed-list.js';
import {
  ExtendedKeyUsageExtension,
  Name,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '../x509.js';
import { createKey, locked, names, requireNone, requireNoneIssued } from './directory.js';
import { publicPermissions, secretPermissions, writeDurably } from './durable-file.js';
import { exportKey, importKey, makeKeys, type PrivateKey, signature, type WebCrypto } from './keys.js';
import {
  authorityExtensions,
  backdatedMs,
  dayMs,
  holderExtensions,
  type Identity,
  type Profile,
  profileOf,
} from './profile.js';
import { Register, type Registered } from './register.js';
import { listGoodForDays, RevocationList } from './revocation-list.js';

export interface AuthorityComponents {
  readonly files: Files;
  readonly clock: Clock;
  /** For serial numbers. */
  readonly random: Random;
  /** `globalThis.crypto`: makes the keys, and signs. */
  readonly crypto: WebCrypto;
}

/** A certificate that was just issued, and its key, which is kept nowhere else. */
export interface Issued {
  /** Hexadecimal, in capitals. */
  readonly serialNumber: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Ms since 1970. */
  readonly expiresMs: number;
}

/** A certificate that was issued once. */
export interface IssuedBefore {
  readonly serialNumber: string;
  readonly commonName: string;
  readonly uris: readonly string[];
  /** Ms since 1970. */
  readonly expiresMs: number;
  readonly isRevoked: boolean;
}

const fileBytesMax = 1024 * 1024;

/**
 * Makes an authority in an empty directory: `ca.crt`, `ca.key` (0600), `ca.crl` (nothing revoked yet) and `issued/`.
 *
 * @param name its common name
 * @param days how long it is good for, 1 to 36,500; 3,650 unless told
 * @throws AuthError `authority-exists`, `settings`, `file`
 */
export async function createAuthority(
  { dir, name, days = 3650 }: { readonly dir: string; readonly name: string; readonly days?: number },
  components: AuthorityComponents,
): Promise<Authority> {
  const { files, clock, random, crypto } = components;
  requireDays(days, 36_500);
  if (name.trim() === '' || Array.from(name).length > 64 || !isVisible(name)) {
    throw new AuthError(
      'settings',
      `an authority's name has 1 to 64 characters that can be seen, got ${JSON.stringify(name)}`,
    );
  }
  try {
    await files.makeDirectory(join(dir, names.issued));
  } catch (error) {
    throw fileError(error, 'make', dir);
  }
  return locked(files, dir, async () => {
    requireNone(await files.list(dir), dir);
    requireNoneIssued(await files.list(join(dir, names.issued)), dir);
    const keys = await makeKeys(crypto);
    const nowMs = clock.wallMs();
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: drawSerialNumber(random),
        name: nameOf(name),
        notBefore: new Date(nowMs - backdatedMs),
        notAfter: new Date(nowMs + days * dayMs),
        keys: keys.pair,
        signingAlgorithm: signature,
        extensions: await authorityExtensions(keys.publicKey),
      },
      crypto,
    );
    const keyPem = await exportKey(keys.pair.privateKey, crypto);
    await createKey(files, { path: join(dir, names.key), text: keyPem, permissions: secretPermissions });
    const list = { path: join(dir, names.revocations), issuer: certificate, key: keys.pair.privateKey };
    await new RevocationList(list, components).write({ entries: [], number: 1n });
    // Last: where it is, everything is.
    const certificatePath = join(dir, names.certificate);
    await writeDurably(files, { path: certificatePath, text: pem(certificate), permissions: publicPermissions });
    return new Authority(dir, certificate, keys.pair.privateKey, components);
  });
}

/**
 * Opens an authority that was made before.
 *
 * @throws AuthError `file` when there is none, `key-exposed` when others may read its key, `certificates` when a file is damaged
 */
export async function openAuthority(
  { dir }: { readonly dir: string },
  components: AuthorityComponents,
): Promise<Authority> {
  const { files, crypto } = components;
  const certificatePath = join(dir, names.certificate);
  const keyPath = join(dir, names.key);
  const certificatePem = await readSmallFile(files, { path: certificatePath, bytesMax: fileBytesMax });
  const keyPem = await readSmallFile(files, { path: keyPath, bytesMax: fileBytesMax, isSecret: true });
  try {
    const key = await importKey(`${keyPem}`, crypto);
    if (!new OpenSslCertificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem)))
      throw new Error(`${names.key} is not the key of ${names.certificate}`);
    return new Authority(dir, new X509Certificate(`${certificatePem}`), key, components);
  } catch (error) {
    const why = `the authority in ${dir} cannot be used: ${wordsOf(error)}`;
    throw new AuthError('certificates', why, { path: dir, cause: error });
  }
}

/** A certificate authority in a directory, for a cluster whose people have none: one level, P-256, keys in files. */
export class Authority {
  readonly #dir: string;
  readonly #certificate: X509Certificate;
  readonly #key: PrivateKey;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #crypto: WebCrypto;
  readonly #revocations: RevocationList;
  readonly #register: Register;

  /** {@link createAuthority} and {@link openAuthority} make one. */
  constructor(
    dir: string,
    certificate: X509Certificate,
    key: PrivateKey,
    { files, clock, random, crypto }: AuthorityComponents,
  ) {
    this.#dir = dir;
    this.#certificate = certificate;
    this.#key = key;
    this.#files = files;
    this.#clock = clock;
    this.#random = random;
    this.#crypto = crypto;
    const path = join(dir, names.revocations);
    this.#revocations = new RevocationList({ path, issuer: certificate, key }, { files, clock, crypto });
    this.#register = new Register(join(dir, names.issued), files);
  }

  /** What servers and clients are given to trust. */
  get certificatePem(): string {
    return pem(this.#certificate);
  }

  /** Path of its revocation list, which servers watch. */
  get revocationsPath(): string {
    return this.#revocations.path;
  }

  /**
   * Issues a certificate with a new key.
   *
   * @param days how long it is good for, 1 to 3,650; 90 unless told
   * @throws AuthError `identity` for a name that no certificate may carry, `settings`, `file`
   */
  issue(identity: Identity, { days = 90 }: { readonly days?: number } = {}): Promise<Issued> {
    return this.#issue(profileOf(identity), days);
  }

  /**
   * Issues a new certificate, with a new key, for whom an earlier one names. The earlier one stays good until it expires.
   *
   * @throws AuthError `unknown-certificate`, `already-revoked`
   */
  async renew(serialNumber: string, { days = 90 }: { readonly days?: number } = {}): Promise<Issued> {
    // First the list: what leaves it was retired before.
    const revoked = await this.#revocations.serials();
    const { certificate: earlier, isRetired } = await this.#register.find(serialNumber);
    if (isRetired || revoked.has(normalSerialNumber(serialNumber))) {
      throw new AuthError(
        'already-revoked',
        `${serialNumber} was revoked, and is not renewed: issue a new certificate`,
      );
    }
    const alternativeNames = earlier.getExtension(SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
    const extendedKeyUsages = (earlier.getExtension(ExtendedKeyUsageExtension)?.usages ?? []).map(String);
    return this.#issue({ commonName: commonNameOf(earlier), alternativeNames, extendedKeyUsages }, days);
  }

  /**
   * Takes a certificate back: it is on the revocation list when this returns, also where it was left out before by a clock that was ahead. Servers that watch the list
   * end its connections.
   *
   * @throws AuthError `unknown-certificate`; `already-revoked` when it is on the list, or was and has expired so long ago that no list needs it
   */
  async revoke(serialNumber: string): Promise<void> {
    await locked(this.#files, this.#dir, async () => {
      const { certificate, isRetired } = await this.#register.find(serialNumber);
      const { entries, number, thisUpdateMs } = await this.#revocations.read();
      const nowMs = this.#clock.wallMs();
      const revoked = entryOf(normalSerialNumber(serialNumber), nowMs);
      if (entries.some((entry) => entry.serialNumber === revoked.serialNumber))
        throw new AuthError('already-revoked', `${serialNumber} was revoked before, and is on the list`);
      if (isRetired && isLongOver(certificate, thisUpdateMs, nowMs)) {
        const [expired, now] = [certificate.notAfter, new Date(nowMs)].map((date) => date.toISOString());
        throw new AuthError(
          'already-revoked',
          `${serialNumber} was revoked before, and is on the list no more since it expired on ${expired}: if the clock (${now}) is ahead, put it right and revoke again`,
        );
      }
      await this.#revocations.write({ entries: [...entries, revoked], number: number + 1n });
    });
  }

  /**
   * Signs the revocation list anew, so that it is good for another 30 days, and leaves out the certificates that need not be on it any more: an entry must be
   * on one list at least that was signed after its certificate had expired (RFC 5280 §3.3), and here 30 days after, by when all clocks agree about it. What was
   * left out too early, by a clock that was ahead, is put back. A certificate that is not known here may be good for ever, and stays.
   */
  async refreshRevocations(): Promise<void> {
    await locked(this.#files, this.#dir, async () => {
      const { entries, number, thisUpdateMs } = await this.#revocations.read();
      const nowMs = this.#clock.wallMs();
      const listed = new Set(entries.map(({ serialNumber }) => serialNumber));
      const needless = new Map<string, Registered>();
      const missing: ListEntry[] = [];
      for await (const each of this.#register.all()) {
        const { serialNumber, certificate, isRetired } = each;
        const isOver = isLongOver(certificate, thisUpdateMs, nowMs);
        if (isOver && listed.has(serialNumber)) needless.set(serialNumber, each);
        if (!isOver && isRetired && !listed.has(serialNumber)) missing.push(entryOf(serialNumber, nowMs));
      }
      // First this: what is nowhere known for revoked could be renewed.
      await this.#register.retire(needless.values());
      const needed = entries.filter(({ serialNumber }) => !needless.has(serialNumber));
      await this.#revocations.write({ entries: [...needed, ...missing], number: number + 1n });
    });
  }

  /** Every certificate that was issued here, in the order of their serial numbers. */
  async list(): Promise<IssuedBefore[]> {
    const revoked = await this.#revocations.serials();
    const found: IssuedBefore[] = [];
    for await (const { serialNumber, certificate, isRetired } of this.#register.all()) {
      const uris = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
      found.push({
        serialNumber,
        commonName: commonNameOf(certificate),
        uris: uris.filter(({ type }) => type === 'url').map(({ value }) => value),
        expiresMs: certificate.notAfter.getTime(),
        isRevoked: isRetired || revoked.has(serialNumber),
      });
    }
    return found;
  }

  async #issue(profile: Profile, days: number): Promise<Issued> {
    requireDays(days, 3650);
    const nowMs = this.#clock.wallMs();
    const expiresMs = nowMs + days * dayMs;
    if (expiresMs > this.#certificate.notAfter.getTime()) {
      const until = this.#certificate.notAfter.toISOString();
      throw new AuthError(
        'settings',
        `the authority itself expires on ${until}: issue for fewer days than ${days}, or make a new one`,
      );
    }
    const keys = await makeKeys(this.#crypto);
    const serialNumber = drawSerialNumber(this.#random);
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber,
        subject: nameOf(profile.commonName),
        issuer: this.#certificate.subjectName,
        notBefore: new Date(nowMs - backdatedMs),
        notAfter: new Date(expiresMs),
        publicKey: keys.publicKey,
        signingKey: this.#key,
        signingAlgorithm: signature,
        extensions: await holderExtensions(profile, keys.publicKey, this.#certificate.publicKey),
      },
      this.#crypto,
    );
    // What is not written down here could never be revoked: first this, then the certificate goes out.
    await this.#register.add(certificate);
    return {
      serialNumber: normalSerialNumber(serialNumber),
      certificatePem: pem(certificate),
      keyPem: await exportKey(keys.pair.privateKey, this.#crypto),
      expiresMs: certificate.notAfter.getTime(),
    };
  }
}

/**
 * Writes what was issued: the key, 0600, and then its certificate. Both are durable before either has its name, so that a server that watches them finds a
 * pair that does not fit for a moment only, and waits. A power cut in that moment leaves the key, and the certificate that fits it under `<certificate>.new`:
 * a server that then starts refuses, and says so. Rename it, or save anew.
 *
 * @throws AuthError `file`
 */
export async function saveIssued(
  { certificatePem, keyPem }: Issued,
  paths: { readonly certificate: string; readonly key: string },
  { files }: { readonly files: Files },
): Promise<void> {
  await writeDurably(
    files,
    { path: paths.key, text: keyPem, permissions: secretPermissions },
    { path: paths.certificate, text: certificatePem, permissions: publicPermissions },
  );
}

/** Whether a certificate had expired 30 days before the last list was signed, so that no list needs it any more. */
function isLongOver({ notAfter }: X509Certificate, thisUpdateMs: number, nowMs: number): boolean {
  // The earlier of the two: a clock that was ahead has signed the last list in what is the future still.
  return notAfter.getTime() < Math.min(thisUpdateMs, nowMs) - listGoodForDays * dayMs;
}

/** 127 random bits: positive, and never the same twice (CA/Browser Forum: at least 64). */
function drawSerialNumber(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function commonNameOf(certificate: X509Certificate): string {
  return certificate.subjectName.getField('CN')[0] ?? '';
}

function pem(certificate: X509Certificate): string {
  return pemOf('CERTIFICATE', certificate.rawData);
}

/** A name of one common name. The string's type is told: the library would otherwise look for quotes in it. */
function nameOf(commonName: string): Name {
  return new Name([{ CN: [{ utf8String: commonName }] }]);
}

function requireDays(days: number, max: number): void {
  if (Number.isInteger(days) && days >= 1 && days <= max) return;
  throw new AuthError('settings', `days must be an integer from 1 to ${max}, got ${days}`);
}
