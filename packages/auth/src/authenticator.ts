import { createHash } from 'node:crypto';
import { clientAuth, type Holder, readHolder, serverAuth } from './certificate.js';
import { AuthError, wordsOf } from './errors.js';
import { type Principal, parseNodeUri, subjectProblem } from './principal.js';
import { Recent } from './recent.js';

/** A certificate as TLS hands it over: `PeerCertificate` of `node:tls`, and what gRPC calls `sslPeerCertificate`, are such. */
export interface PresentedCertificate {
  /** Its bytes (DER); missing where the peer has presented none. */
  readonly raw?: Uint8Array;
}

/** One principal, or the reason why there is none, for whoever runs the server: it is not a secret from the certificate's holder. */
export type Authentication = { readonly principal: Principal } | { readonly refused: string };

export interface AuthenticatorSettings {
  /** The cluster's name: the trust domain of its nodes' SPIFFE ids. A node of another cluster is nobody here. */
  readonly cluster: string;
}

/** Every connection presents one; a server has far fewer at a time. */
const rememberedMax = 10_000;

/**
 * Reads identities from certificates that TLS has verified: a node's from its SPIFFE id, a client's from its common name. One,
 * or none. Neither dates nor signatures are looked at: that is for TLS, which has done it.
 */
export class Authenticator {
  readonly #cluster: string;
  readonly #remembered: Recent<Authentication> = new Recent(rememberedMax);

  /** @throws AuthError `settings` when the cluster's name cannot be a SPIFFE trust domain */
  constructor({ cluster }: AuthenticatorSettings) {
    requireClusterName(cluster);
    this.#cluster = cluster;
  }

  authenticate({ raw }: PresentedCertificate): Authentication {
    if (raw === undefined) return { refused: 'there is no certificate' };
    const key = createHash('sha256').update(raw).digest('base64');
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined) return remembered;
    const answer = authenticate(raw, this.#cluster);
    this.#remembered.set(key, answer);
    return answer;
  }
}

/** @throws AuthError `settings` */
function requireClusterName(cluster: string): void {
  if (typeof cluster === 'string' && parseNodeUri(`spiffe://${cluster}/node/n`) !== undefined) return;
  throw new AuthError(
    'settings',
    `a cluster's name has 1 to 255 lower-case letters, digits, dots, dashes and underscores, got "${cluster}"`,
  );
}

function authenticate(der: Uint8Array, cluster: string): Authentication {
  let holder: Holder;
  try {
    holder = readHolder(der);
  } catch (error) {
    return { refused: wordsOf(error) };
  }
  if (holder.isAuthority) return { refused: "it is an authority's certificate, which is nobody's identity" };
  if (!holder.extendedKeyUsages.includes(clientAuth)) {
    return { refused: 'its extended key usage lacks clientAuth: issue it for clients' };
  }
  return holder.uris.some((uri) => /^spiffe:/i.test(uri)) ? asNode(holder, cluster) : asClient(holder);
}

function asNode({ uris, extendedKeyUsages }: Holder, cluster: string): Authentication {
  if (uris.length > 1) return { refused: `it has ${uris.length} URIs, and a node's has exactly one` };
  const node = parseNodeUri(uris[0]!);
  if (node === undefined) {
    return { refused: `its SPIFFE id is not of the form spiffe://${cluster}/node/<id>` };
  }
  if (node.cluster !== cluster)
    return { refused: `it is of a node of cluster ${node.cluster}, and this is ${cluster}` };
  if (!extendedKeyUsages.includes(serverAuth)) {
    return { refused: "its extended key usage lacks serverAuth: a node's has both serverAuth and clientAuth" };
  }
  return { principal: { kind: 'node', ...node } };
}

function asClient({ commonNames }: Holder): Authentication {
  if (commonNames.length !== 1) {
    return { refused: `it has ${commonNames.length} common names, and a client's has exactly one` };
  }
  const [subject] = commonNames as [string];
  const problem = subjectProblem(subject);
  return problem === undefined
    ? { principal: { kind: 'client', subject } }
    : { refused: `its common name cannot be a subject: ${problem}` };
}
