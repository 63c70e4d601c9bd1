import type { Address, Files } from '@commitlog/runtime';
import { hasErrorCode } from '@commitlog/runtime';
import { type Incarnation, incarnationMax, isName, MembershipError } from '../core/index.js';

/** What a member keeps, to find the others again after a restart. */
export interface SavedState {
  readonly cluster: string;
  readonly name: string;
  readonly incarnation: Incarnation;
  /** Where the others were. */
  readonly contacts: readonly Address[];
}

/** Where it is kept. */
export interface Store {
  /** What was saved last, or undefined where nothing was. */
  load(): Promise<SavedState | undefined>;
  /** Replaces what was saved, whole or not at all. Never called twice at a time. */
  save(state: SavedState): Promise<void>;
}

const version = 1;
/** Far more than the longest list of addresses takes. */
const fileBytesMax = 4 * 2 ** 20;

/** A JSON file in a directory that exists, replaced in one step. */
export class FileStore implements Store {
  readonly #directory: string;
  readonly #path: string;
  readonly #files: Files;

  constructor({ directory }: { readonly directory: string }, { files }: { readonly files: Files }) {
    this.#directory = directory;
    this.#path = `${directory}/MEMBERSHIP`;
    this.#files = files;
  }

  async load(): Promise<SavedState | undefined> {
    const bytes = await this.#read();
    if (bytes === undefined) return undefined;
    try {
      return checked(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    } catch (cause) {
      const message = `${this.#path} is damaged: remove it, and give this member an address to join by`;
      throw new MembershipError('ERR_MEMBERSHIP_SAVED', message, { cause });
    }
  }

  async save(state: SavedState): Promise<void> {
    const aside = `${this.#path}.new`;
    await this.#files.remove(aside).catch((error: unknown) => {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
    });
    const file = await this.#files.open(aside, 'create');
    try {
      file.write([new TextEncoder().encode(`${JSON.stringify({ version, ...state })}\n`)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#files.rename(aside, this.#path);
    await this.#files.syncDirectory(this.#directory);
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      const file = await this.#files.open(this.#path, 'read');
      try {
        const bytes = new Uint8Array(Math.min(await file.size(), fileBytesMax));
        await file.read(bytes, 0);
        return bytes;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }
}

function checked(found: unknown): SavedState {
  const { version: written, cluster, name, incarnation, contacts } = found as Record<string, unknown>;
  const isState =
    written === version &&
    typeof cluster === 'string' &&
    typeof name === 'string' &&
    isName(name) &&
    Number.isInteger(incarnation) &&
    (incarnation as number) >= 0 &&
    // There has to be one above it.
    (incarnation as number) < incarnationMax &&
    Array.isArray(contacts) &&
    contacts.every(isAddress);
  if (!isState) throw new TypeError(`expected what this version saves, got ${JSON.stringify(found).slice(0, 200)}`);
  return { cluster, name, incarnation: incarnation as number, contacts };
}

function isAddress(found: unknown): found is Address {
  const { host, port } = (found ?? {}) as Record<string, unknown>;
  return typeof host === 'string' && Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;
}
