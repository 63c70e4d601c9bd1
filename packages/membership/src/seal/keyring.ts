import { createHmac, timingSafeEqual } from 'node:crypto';
import { MembershipError } from '../core/index.js';

/** Bytes of a key, exactly: AES-256. */
export const keyBytes = 32;

/** Keys that a keyring holds, at most: a rotation needs two. */
const keysMax = 8;

export interface Key {
  /** Tells keys apart on the wire, and says nothing about them. */
  readonly id: number;
  readonly secret: Uint8Array;
}

/**
 * The keys of a cluster. What comes in may be sealed with any of them; what goes out is sealed with the primary one. To rotate while
 * running: `install` the new key everywhere, then `use` it everywhere, then `remove` the old one everywhere.
 */
export class Keyring {
  readonly #keys: Map<number, Key> = new Map();
  #primary: Key;

  /**
   * @param primary 32 bytes; copied, as are the others
   * @throws MembershipError `ERR_MEMBERSHIP_KEY` when a key has another length
   */
  constructor(primary: Uint8Array, others: readonly Uint8Array[] = []) {
    this.#primary = this.install(primary);
    for (const other of others) this.install(other);
  }

  get primary(): Key {
    return this.#primary;
  }

  get size(): number {
    return this.#keys.size;
  }

  find(id: number): Key | undefined {
    return this.#keys.get(id);
  }

  /** Accepts what is sealed with this key from now on. Installing it again changes nothing. */
  install(secret: Uint8Array): Key {
    if (secret.length !== keyBytes) {
      throw refused(`must have ${keyBytes} bytes, got ${secret.length}`);
    }
    const id = idOf(secret);
    const known = this.#keys.get(id);
    if (known !== undefined) {
      if (timingSafeEqual(known.secret, secret)) return known;
      throw refused('has the same id as another one of this keyring: draw another');
    }
    if (this.#keys.size >= keysMax) throw refused(`is one too many: ${keysMax} at most, remove old ones first`);
    const key: Key = { id, secret: Uint8Array.from(secret) };
    this.#keys.set(id, key);
    return key;
  }

  /** Seals with this key from now on. */
  use(secret: Uint8Array): void {
    const key = this.#keys.get(idOf(secret));
    if (key === undefined) throw refused('is not in the keyring: install it first, on every member');
    this.#primary = key;
  }

  /** Accepts nothing that is sealed with this key any more. Of one that is not there nothing is left to remove. */
  remove(secret: Uint8Array): void {
    const id = idOf(secret);
    if (id === this.#primary.id) throw refused('is the primary one: use another first');
    this.#keys.delete(id);
  }
}

function idOf(secret: Uint8Array): number {
  return createHmac('sha256', secret).update('commitlog membership key id').digest().readUInt32BE(0);
}

function refused(why: string): MembershipError {
  return new MembershipError('ERR_MEMBERSHIP_KEY', `this key ${why}`);
}
