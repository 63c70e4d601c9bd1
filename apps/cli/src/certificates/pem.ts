import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Files } from '@commitlog/runtime';
import { CommandError } from '../errors.js';
import { readText } from '../small-file.js';

const fileBytesMax = 1024 * 1024;

/** @throws CommandError `unreadable-file`; `wrong-file` where there is none in it */
export async function certificatesIn(path: string, world: { readonly files: Files }): Promise<X509Certificate[]> {
  const text = await readText(path, { bytesMax: fileBytesMax }, world);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new CommandError('wrong-file', `${path} has no certificate: expected PEM, "-----BEGIN CERTIFICATE-----"`, {
      path,
    });
  }
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new CommandError('wrong-file', `${path}: certificate ${at + 1} cannot be read`, { path, cause });
    }
  });
}

/**
 * @param paths of a certificate, and of the key that is to be its own
 * @throws CommandError `unreadable-file`; `wrong-file` where it is no key, or that of somebody else
 */
export async function requireKeyOf(
  certificate: X509Certificate,
  paths: { readonly certificate: string; readonly key: string },
  world: { readonly files: Files },
): Promise<void> {
  const text = await readText(paths.key, { bytesMax: fileBytesMax }, world);
  if (isKeyOf(certificate, text)) return;
  const why = `${paths.key} is not the key of ${paths.certificate}: nothing was changed. Put the two beside each other, as NAME.crt and NAME.key`;
  throw new CommandError('wrong-file', why, { path: paths.key });
}

function isKeyOf(certificate: X509Certificate, text: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(text));
  } catch {
    return false;
  }
}
