import { clientAuth, serverAuth } from '../certificate.js';
import { derUnsigned } from '../der.js';
import { AuthError } from '../errors.js';
import { nodeUri, parseNodeUri, subjectProblem } from '../principal.js';
import { revocationListNumber } from '../tls/revocations.js';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from '../x509.js';

export const dayMs: number = 24 * 60 * 60 * 1000;
/** Clocks of other machines may be a little behind: what is signed is good from so long ago. */
export const backdatedMs: number = 5 * 60 * 1000;

/** Whom a certificate is for. */
export type Identity =
  /** `hosts` are the names and IP addresses under which the node is dialled, at least one. */
  | { readonly kind: 'node'; readonly cluster: string; readonly nodeId: string; readonly hosts: readonly string[] }
  | { readonly kind: 'client'; readonly subject: string };

/** What a certificate for an identity says: its common name, its alternative names, what it may be used for. */
export interface Profile {
  readonly commonName: string;
  readonly alternativeNames: readonly JsonGeneralName[];
  readonly extendedKeyUsages: readonly string[];
}

/** @throws AuthError `identity` for what our own authenticator would refuse */
export function profileOf(identity: Identity): Profile {
  if (identity.kind === 'client') {
    const problem = subjectProblem(identity.subject);
    if (problem !== undefined) throw new AuthError('identity', `"${identity.subject}" cannot be a subject: ${problem}`);
    return { commonName: identity.subject, alternativeNames: [], extendedKeyUsages: [clientAuth] };
  }
  const { cluster, nodeId, hosts } = identity;
  const uri = nodeUri(cluster, nodeId);
  if (parseNodeUri(uri) === undefined) {
    throw new AuthError(
      'identity',
      `${uri} is no node's id: a cluster's name has lower-case letters, digits, dots, dashes and underscores; a node's up to 128 of them, capitals too`,
    );
  }
  if (hosts.length === 0)
    throw new AuthError('identity', 'a node needs the names or addresses under which it is dialled');
  return {
    // For people; whoever reads identities takes the URI. A longer one does not fit into a common name.
    commonName: nodeId.slice(0, 64),
    alternativeNames: [{ type: 'url', value: uri }, ...hosts.map(hostName)],
    extendedKeyUsages: [serverAuth, clientAuth],
  };
}

const domainName = /^(?=.{1,253}$)(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*$/;
const addressV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
/** What can be one; a zone (`%eth0`) means something on one machine only. */
const addressV6 = /^[0-9A-Fa-f:.]{2,45}$/;

function hostName(host: string): JsonGeneralName {
  if (addressV4.test(host) || (addressV6.test(host) && URL.canParse(`http://[${host}]/`)))
    return { type: 'ip', value: host };
  if (domainName.test(host) && !/^[\d.]+$/.test(host)) return { type: 'dns', value: host };
  throw new AuthError('identity', `"${host}" is neither a name nor an IP address`);
}

/** Extensions of an authority's own certificate: it signs certificates of nodes and clients, and revocation lists. */
export async function authorityExtensions(publicKey: PublicKey): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

/** Extensions of a certificate that an authority issues. */
export async function holderExtensions(
  { alternativeNames, extendedKeyUsages }: Profile,
  publicKey: PublicKey,
  authorityKey: PublicKey,
): Promise<Extension[]> {
  const names = alternativeNames.length === 0 ? [] : [new SubjectAlternativeNameExtension([...alternativeNames])];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([...extendedKeyUsages]),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(authorityKey),
    ...names,
  ];
}

/** Extensions of a revocation list; its number grows with every one (RFC 5280 §5.2.3). */
export async function revocationExtensions(authorityKey: PublicKey, number: bigint): Promise<Extension[]> {
  const digits = number.toString(16);
  const integer = derUnsigned(Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'));
  return [
    await AuthorityKeyIdentifierExtension.create(authorityKey),
    new Extension(revocationListNumber, false, integer),
  ];
}
