import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv } from 'node:crypto';

const algorithm = 'aes-256-gcm';
export const tagBytes = 16;

/** The largest number that a nonce may be made of; nobody ever gets there. */
export const nonceMax: number = 2 ** 48 - 1;

/** AES-256-GCM: the ciphertext and its tag. A key must never see a number twice. */
export function seal(key: Uint8Array, number: number, clear: Uint8Array, secret: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, key, nonce(number), { authTagLength: tagBytes });
  cipher.setAAD(clear);
  return Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** What was sealed, or undefined where key, number or a single bit is another. */
export function open(key: Uint8Array, number: number, clear: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, key, nonce(number), { authTagLength: tagBytes });
  decipher.setAAD(clear);
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const secret = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return secret;
}

function nonce(number: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(number, 6, 6);
  return bytes;
}
