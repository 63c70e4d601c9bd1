/** Who is at the other end of a connection. */
export type Principal =
  | { readonly kind: 'node'; readonly cluster: string; readonly nodeId: string }
  | { readonly kind: 'client'; readonly subject: string };

/** A principal's name in the access-control list: a client's subject, a node's SPIFFE id. */
export function subjectOf(principal: Principal): string {
  return principal.kind === 'client' ? principal.subject : nodeUri(principal.cluster, principal.nodeId);
}

/** The SPIFFE id that a node's certificate carries. */
export function nodeUri(cluster: string, nodeId: string): string {
  return `spiffe://${cluster}/node/${nodeId}`;
}

/**
 * A node's SPIFFE id, and nothing that only looks like one: no port, query, fragment, percent sign or capital in the trust
 * domain, no further segment (SPIFFE-ID §2). Lengths are those of the standard for the domain, and 128 for a node's id.
 */
const nodeUriForm = /^spiffe:\/\/([a-z0-9._-]{1,255})\/node\/([A-Za-z0-9._-]{1,128})$/;

/** The node that a URI names, if it names one. */
export function parseNodeUri(uri: string): { readonly cluster: string; readonly nodeId: string } | undefined {
  const [, cluster, nodeId] = nodeUriForm.exec(uri) ?? [];
  if (cluster === undefined || nodeId === undefined || nodeId === '.' || nodeId === '..') return undefined;
  return { cluster, nodeId };
}

/** What RFC 5280 allows a common name (ub-common-name). */
const subjectCharactersMax = 64;

/** Letters, marks, digits, punctuation, symbols and the plain space; nothing that is drawn as nothing. */
const visible = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;
const invisible = /[\p{Default_Ignorable_Code_Point}\u2800]/u;
const latin = /\p{Script=Latin}/u;
const lookingLatin = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

/** Whether all of a text can be seen. */
export function isVisible(text: string): boolean {
  return visible.test(text) && !invisible.test(text);
}

/** Names that mean something else in a policy: a node's id, a role. */
const takenPrefix = /^(spiffe|role):/i;

/**
 * Why a name cannot be a client's subject, or `undefined` where it can. Whoever reads a policy must know from what they see
 * which subject is meant, so names that are drawn alike are refused (Unicode Technical Standard 39, simplified).
 */
export function subjectProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (Array.from(name).length > subjectCharactersMax) return `it is longer than ${subjectCharactersMax} characters`;
  if (!isVisible(name)) return 'it has characters that nobody can see';
  if (name !== name.trim()) return 'it begins or ends with a space';
  if (name !== name.normalize('NFKC')) return 'its characters can be written in another way (Unicode NFKC)';
  if (latin.test(name) && lookingLatin.test(name)) return 'it mixes alphabets whose letters look alike';
  if (takenPrefix.test(name)) return 'names that begin with "spiffe:" or "role:" are not for clients';
  if (name.includes('*') || name.startsWith('#')) return '"*", and "#" at the start, mean something else in a policy';
  return undefined;
}
