import type { X509Certificate } from 'node:crypto';
import { Authenticator, subjectOf } from '@commitlog/auth';
import type { Clock } from '@commitlog/runtime';

/** What a certificate says, as a server would take it. */
export interface Inspected {
  readonly kind: 'authority' | 'node' | 'client' | 'nobody';
  /** Who it is to a server, in words; or why it is nobody. */
  readonly identity: string;
  readonly subject: string;
  readonly issuer: string;
  /** Names and addresses that it is good for as a server. */
  readonly hosts: readonly string[];
  readonly serialNumber: string;
  /** ISO 8601. */
  readonly validFrom: string;
  readonly expires: string;
  /** With fractions; negative for what is past. */
  readonly daysLeft: number;
  /** Such as `good for 89 days`. */
  readonly state: string;
  /** Whether it is somebody's, and in date. */
  readonly isGood: boolean;
}

const dayMs = 86_400_000;

export function inspected(certificate: X509Certificate, { clock }: { readonly clock: Clock }): Inspected {
  const { validFrom, validTo, serialNumber, subject, issuer, subjectAltName = '' } = certificate;
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  const nowMs = clock.wallMs();
  const daysLeft = (toMs - nowMs) / dayMs;
  const state =
    nowMs < fromMs ? 'not valid yet' : daysLeft < 0 ? 'EXPIRED' : `good for ${Math.floor(daysLeft)} more days`;
  const holder = holderOf(certificate);
  return {
    ...holder,
    subject: oneLine(subject),
    issuer: oneLine(issuer),
    hosts: [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, host]) => host!),
    serialNumber,
    validFrom: new Date(fromMs).toISOString(),
    expires: new Date(toMs).toISOString(),
    daysLeft,
    state,
    isGood: holder.kind !== 'nobody' && nowMs >= fromMs && daysLeft >= 0,
  };
}

function holderOf(certificate: X509Certificate): Pick<Inspected, 'kind' | 'identity'> {
  if (certificate.ca)
    return { kind: 'authority', identity: 'an authority: it issues certificates, and is nobody itself' };
  // Whichever cluster it names: what is asked is who it is there.
  const [, cluster = 'commitlog'] = /URI:spiffe:\/\/([a-z0-9._-]+)\//.exec(certificate.subjectAltName ?? '') ?? [];
  const answer = new Authenticator({ cluster }).authenticate(certificate);
  if ('refused' in answer) return { kind: 'nobody', identity: `nobody: ${answer.refused}` };
  const { principal } = answer;
  const name = subjectOf(principal);
  if (principal.kind === 'client') return { kind: 'client', identity: `client ${name}` };
  return { kind: 'node', identity: `node ${principal.nodeId} of cluster ${principal.cluster} (${name})` };
}

function oneLine(name: string | undefined): string {
  return (name ?? '').replaceAll('\n', ', ');
}
