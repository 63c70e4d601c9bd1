import { X509Certificate } from 'node:crypto';
import { AuthError, wordsOf } from '../errors.js';

/** A text's blocks with one label (RFC 7468), and what is before, between and behind them. */
export interface PemParts {
  readonly blocks: readonly Buffer[];
  readonly besides: readonly string[];
  /** How many blocks begin: more than there are where one does not end, or has other characters than base64 in it. */
  readonly begun: number;
}

export function pemParts(text: string, label: string): PemParts {
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  const blocks: Buffer[] = [];
  const besides: string[] = [];
  let begun = 0;
  let behind = 0;
  // No pattern that repeats: it would need a place on the stack for each character, and files have millions.
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at + begin.length)) {
    begun += 1;
    const from = at + begin.length;
    const to = text.indexOf('-', from);
    const body = text.slice(from, to);
    if (to === -1 || !text.startsWith(end, to) || /[^A-Za-z0-9+/=\s]/.test(body)) continue;
    blocks.push(Buffer.from(body, 'base64'));
    besides.push(text.slice(behind, at));
    behind = to + end.length;
  }
  besides.push(text.slice(behind));
  return { blocks, besides, begun };
}

/** @throws AuthError `certificates` when a block begins and is not whole */
export function wholePemParts(text: string, label: string, path: string): PemParts {
  const parts = pemParts(text, label);
  const { begun, blocks } = parts;
  if (begun === blocks.length) return parts;
  const why = `${path} was cut short, or damaged: ${begun} of "${label}" begin, ${blocks.length} are whole: write the file again`;
  throw new AuthError('certificates', why, { path });
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
  const { blocks } = wholePemParts(text, 'CERTIFICATE', path);
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
