import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

/** What a client shows, and whom it believes; each in PEM. */
export interface TlsMaterial {
  /** The authorities whose certificates are believed, with a root among them. */
  readonly ca: string | Buffer;
  /** The client's own certificate, and those between it and the authority. Together with `key`, or neither. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** What is wrong with material, in words that say what to do. */
export class TlsMaterialError extends Error {
  /** `key-exposed`: others than its owner may use the key. `certificates`: a certificate or key that no handshake could use. */
  readonly code: 'certificates' | 'key-exposed';

  constructor(code: 'certificates' | 'key-exposed', message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TlsMaterialError';
    this.code = code;
  }
}

/**
 * Loads PEM files. A private key that others than its owner may use (any bit of mode 077) is refused.
 *
 * @returns what {@link ClientTls.open} takes; it throws {@link TlsMaterialError} `key-exposed`, and what the file system throws
 */
export function pemFiles(paths: { readonly ca: string; readonly cert?: string; readonly key?: string }) {
  return async (): Promise<TlsMaterial> => {
    const { ca, cert, key } = paths;
    const [caPem, certPem, keyPem] = await Promise.all([
      readPem(ca),
      cert === undefined ? undefined : readPem(cert),
      key === undefined ? undefined : readPem(key, requireSecret),
    ]);
    return { ca: caPem, ...(certPem && { cert: certPem }), ...(keyPem && { key: keyPem }) };
  };
}

const fileBytesMax = 1024 * 1024;

async function readPem(path: string, check?: (file: FileHandle, path: string) => Promise<void>): Promise<Buffer> {
  const file = await open(path);
  try {
    await check?.(file, path);
    const { size } = await file.stat();
    if (size > fileBytesMax) {
      throw new TlsMaterialError(
        'certificates',
        `${path} has ${size} bytes, expected ${fileBytesMax} at most: is it the right file?`,
      );
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function requireSecret(file: FileHandle, path: string): Promise<void> {
  const permissions = (await file.stat()).mode & 0o777;
  // Windows has no such bits: what Node shows there says nothing about others.
  if ((permissions & 0o077) === 0 || process.platform === 'win32') return;
  const octal = permissions.toString(8).padStart(4, '0');
  throw new TlsMaterialError(
    'key-exposed',
    `${path} can be used by others than its owner (mode ${octal}): chmod 600 ${path}`,
  );
}

/**
 * Finds out now what every handshake would find out later. OpenSSL takes an empty list of authorities, and one that was cut short, without a word,
 * and then believes nobody.
 *
 * @returns just what was checked, since OpenSSL reads more kinds of blocks than we do
 * @throws TlsMaterialError `certificates`
 */
export function checkMaterial({ ca, cert, key }: TlsMaterial, nowMs: number): TlsMaterial {
  const authorities = certificatesOf(ca, 'the list of authorities (ca)');
  const pretender = authorities.find((authority) => !authority.ca);
  if (pretender !== undefined) {
    throw refused(`the certificate of ${nameOf(pretender)} is no authority's (basicConstraints CA:TRUE)`);
  }
  if (!authorities.some((authority) => authority.checkIssued(authority) && authority.verify(authority.publicKey))) {
    throw refused('the list of authorities (ca) has no root, an authority that has signed itself: add it');
  }
  const believed = { ca: authorities.join('') };
  if (cert === undefined && key === undefined) return believed;
  if (cert === undefined || key === undefined) {
    throw refused(
      `a certificate and its key go together, and the ${cert === undefined ? 'certificate' : 'key'} is missing`,
    );
  }
  const chain = certificatesOf(cert, "the client's certificate (cert)");
  requireKeyOf(chain[0]!, key);
  for (const certificate of chain) requireInDate(certificate, nowMs);
  return { ...believed, cert: chain.join(''), key };
}

function certificatesOf(pem: string | Buffer, what: string): X509Certificate[] {
  const text = pem.toString('latin1');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun === 0) throw refused(`${what} has no certificate: expected PEM, "-----BEGIN CERTIFICATE-----"`);
  if (begun !== blocks.length) {
    throw refused(`${what} was cut short: ${begun} certificates begin, and ${blocks.length} end`);
  }
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw refused(`${what}: certificate ${at + 1} cannot be read`, error);
    }
  });
}

function requireKeyOf(leaf: X509Certificate, key: string | Buffer): void {
  let isItsKey: boolean;
  try {
    isItsKey = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw refused('the key is no private key that can be used (PEM, without a passphrase)', error);
  }
  if (!isItsKey) throw refused(`the key is not that of the certificate of ${nameOf(leaf)}`);
}

function requireInDate(certificate: X509Certificate, nowMs: number): void {
  const { validFrom, validTo } = certificate;
  if (Date.parse(validTo) < nowMs) throw refused(`the certificate of ${nameOf(certificate)} has expired on ${validTo}`);
  if (Date.parse(validFrom) > nowMs) {
    throw refused(`the certificate of ${nameOf(certificate)} is not valid before ${validFrom}: is the clock right?`);
  }
}

function nameOf({ subject }: X509Certificate): string {
  return (subject ?? '').replaceAll('\n', ', ');
}

function refused(why: string, cause?: unknown): TlsMaterialError {
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  return new TlsMaterialError('certificates', `${why}${because}`, cause);
}
