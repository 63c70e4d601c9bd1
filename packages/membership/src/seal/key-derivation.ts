import { createHmac } from 'node:crypto';

/** HKDF with SHA-256 (RFC 5869), to 32 bytes: one block of its output. */
export function deriveKey(secret: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  const extracted = createHmac('sha256', salt).update(secret).digest();
  return createHmac('sha256', extracted).update(info).update(Uint8Array.of(1)).digest();
}
