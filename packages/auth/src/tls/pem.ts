import { X509Certificate } from 'node:crypto';
import { AuthError, wordsOf } from '../errors.js';

/** The contents of every PEM block with this label, in their order (RFC 7468). */
export function pemBlocks(text: string, label: string): Buffer[] {
  return [...text.matchAll(blockWith(label))].map(([, body]) => Buffer.from(body!, 'base64'));
}

/** One PEM block. */
export function pemOf(label: string, der: ArrayBuffer | Uint8Array): string {
  const lines =
    Buffer.from(der as Uint8Array)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The certificates of a PEM file, at least one.
 *
 * @throws AuthError `certificates` when a block of it cannot be read, or was cut short
 */
export function certificatesOf(text: string, path: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pemBlocks(text, 'CERTIFICATE');
  requireAllEnded(text, blocks.length, 'CERTIFICATE', path);
  const certificates = blocks.map((der, at) => {
    try {
      return new X509Certificate(der);
    } catch (error) {
      throw new AuthError('certificates', `${path}: certificate ${at + 1} cannot be read: ${wordsOf(error)}`, { path });
    }
  });
  const [first, ...rest] = certificates;
  if (first === undefined) {
    throw new AuthError('certificates', `${path} has no certificate: expected PEM, "-----BEGIN CERTIFICATE-----"`, {
      path,
    });
  }
  return [first, ...rest];
}

/**
 * The revocation lists of a PEM file. Besides them there may be words: what could be another list, spoilt, is not taken for none.
 *
 * @throws AuthError `certificates`
 */
export function revocationListsOf(text: string, path: string): Buffer[] {
  const label = 'X509 CRL';
  const lists = pemBlocks(text, label);
  requireAllEnded(text, lists.length, label, path);
  const besides = text.replaceAll(blockWith(label), '');
  const [leftover] = /^.*-(BEGIN|END) .*$|^[A-Za-z0-9+/=]{40,}\s*$/m.exec(besides) ?? [];
  if (leftover === undefined) return lists;
  const why = `${path}: there is more besides whole revocation lists, "-----BEGIN ${label}-----": ${JSON.stringify(leftover.slice(0, 80))}`;
  throw new AuthError('certificates', why, { path });
}

function blockWith(label: string): RegExp {
  return new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`, 'g');
}

/** @throws AuthError `certificates` when a block begins and does not end */
function requireAllEnded(text: string, ended: number, label: string, path: string): void {
  const begun = text.split(`-----BEGIN ${label}-----`).length - 1;
  if (begun === ended) return;
  throw new AuthError('certificates', `${path} was cut short: ${begun} of "${label}" begin, ${ended} end`, { path });
}
