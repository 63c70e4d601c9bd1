import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { readHolder, serverAuth } from '../certificate.js';
import { AuthError, wordsOf } from '../errors.js';
import type { GiveWay } from '../give-way.js';
import { textOf } from '../small-file.js';
import { certificatesOf } from './pem.js';
import { Revocations } from './revocations.js';
import { isInDate, type Validity, validitiesOf, validityOf } from './validity.js';

/** Where a server's credentials are. PEM, from any tool. */
export interface CredentialPaths {
  /** The server's certificate, with the intermediate ones behind it, if any. */
  readonly certificate: string;
  /** Its private key, unencrypted, for nobody but its owner to read. */
  readonly key: string;
  /** The authorities whose certificates are accepted. */
  readonly authorities: string;
  /** What they have revoked; PEM, or one list in DER. */
  readonly revocations?: string;
}

/** A server's credentials, read and checked as a whole. */
export interface Credentials {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly authoritiesPem: string;
  readonly authorities: readonly X509Certificate[];
  /** When each authority is good, by its key. */
  readonly authorityValidities: ReadonlyMap<string, readonly Validity[]>;
  readonly revocations: Revocations;
  /** As they were read; missing where some were passed over, or there is no file. */
  readonly lists: Buffer | undefined;
  /** When they run out, in ms since 1970: the first certificate of the chain, the first authority by the last of its certificates. */
  readonly certificateExpiresMs: number;
  readonly authorityExpiresMs: number;
}

/** When credentials are read, and in whose place. */
export interface Reading {
  readonly nowMs: number;
  /** What they are to replace. Its certificate may have expired meanwhile: if it stays, that must not keep new authorities out. */
  readonly inUse?: Credentials | undefined;
  readonly giveWay?: GiveWay;
}

/**
 * Reads credentials, and finds out now what a handshake would find out later: a key of another certificate, one that has
 * expired or is not for servers, an authority that is none, a revocation list that nobody here has signed.
 *
 * @param contents of the files, in the order of {@link CredentialPaths}; the last one may be missing
 * @throws AuthError `certificates`
 */
export async function readCredentials(
  paths: CredentialPaths,
  contents: readonly Buffer[],
  { nowMs, inUse, giveWay }: Reading,
): Promise<Credentials> {
  const [certificatePem, keyPem, authoritiesPem] = [paths.certificate, paths.key, paths.authorities].map((path, at) =>
    textOf(contents[at]!, path, 'certificates'),
  ) as [string, string, string];
  const chain = certificatesOf(certificatePem, paths.certificate);
  const authorities = certificatesOf(authoritiesPem, paths.authorities);
  const [leaf] = chain;
  requireKeyOf(leaf, keyPem, paths);
  requireServer(leaf, paths.certificate);
  // Just what was checked: OpenSSL reads more kinds of blocks than we do.
  const checkedPem = chain.join('');
  if (checkedPem !== inUse?.certificatePem)
    for (const certificate of chain) requireInDate(certificate, nowMs, paths.certificate);
  for (const authority of authorities) requireAuthority(authority, paths.authorities);
  requireRoot(authorities, paths.authorities);
  const checkedAuthorities = authorities.join('');
  const lists = paths.revocations === undefined ? undefined : contents[3]!;
  const isListed = checkedAuthorities === inUse?.authoritiesPem && lists !== undefined && inUse.lists?.equals(lists);
  const revocations = isListed ? inUse.revocations : await revocationsOf(lists, paths, authorities, giveWay);
  const authorityValidities = validitiesOf(authorities);
  const lastOf = (all: readonly Validity[]): number => Math.max(...all.map(({ untilMs }) => untilMs));
  return {
    certificatePem: checkedPem,
    keyPem,
    authoritiesPem: checkedAuthorities,
    authorities,
    authorityValidities,
    revocations,
    lists,
    certificateExpiresMs: Math.min(...chain.map((certificate) => validityOf(certificate).untilMs)),
    authorityExpiresMs: Math.min(...[...authorityValidities.values()].map(lastOf)),
  };
}

async function revocationsOf(
  lists: Buffer | undefined,
  { revocations: path }: CredentialPaths,
  authorities: readonly X509Certificate[],
  giveWay: GiveWay | undefined,
): Promise<Revocations> {
  if (lists === undefined || path === undefined) return Revocations.none;
  return Revocations.read(lists, path, authorities, giveWay && { giveWay });
}

function requireKeyOf(leaf: X509Certificate, keyPem: string, { certificate, key }: CredentialPaths): void {
  let isItsKey: boolean;
  try {
    isItsKey = leaf.checkPrivateKey(createPrivateKey(keyPem));
  } catch (error) {
    const why = `${key} is no private key that can be used (PEM, without a passphrase): ${wordsOf(error)}`;
    throw new AuthError('certificates', why, { path: key, cause: error });
  }
  if (isItsKey) return;
  const why = `${key} is not the key of the certificate in ${certificate}. If there is a ${certificate}.new, their saving was interrupted, and it is the one that fits: rename it`;
  throw new AuthError('certificates', why, { path: key });
}

function requireServer({ raw }: X509Certificate, path: string): void {
  if (readHolder(raw).extendedKeyUsages.includes(serverAuth)) return;
  throw new AuthError(
    'certificates',
    `${path}: its extended key usage lacks serverAuth, so that no client would accept it`,
    {
      path,
    },
  );
}

function requireInDate(certificate: X509Certificate, nowMs: number, path: string): void {
  const validity = validityOf(certificate);
  if (isInDate(validity, nowMs)) return;
  const { subject, validFrom, validTo } = certificate;
  const isOver = validity.untilMs < nowMs;
  const problem = isOver ? `has expired on ${validTo}` : `is not valid before ${validFrom}: is the clock right?`;
  throw new AuthError('certificates', `${path}: the certificate of ${subject.replaceAll('\n', ', ')} ${problem}`, {
    path,
    ...(isOver ? { againUntilMs: validity.untilMs } : { againAtMs: validity.fromMs }),
  });
}

function requireAuthority({ ca, subject }: X509Certificate, path: string): void {
  if (ca) return;
  const name = subject.replaceAll('\n', ', ');
  throw new AuthError(
    'certificates',
    `${path}: the certificate of ${name} is no authority's (basicConstraints CA:TRUE)`,
    {
      path,
    },
  );
}

/** TLS follows a chain until an authority that has signed itself, and refuses everybody where it finds none. */
function requireRoot(authorities: readonly X509Certificate[], path: string): void {
  if (authorities.some((each) => each.checkIssued(each) && each.verify(each.publicKey))) return;
  throw new AuthError('certificates', `${path} has no root, an authority that has signed itself: add it`, { path });
}
