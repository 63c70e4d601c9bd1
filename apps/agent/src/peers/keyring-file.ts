import { createHash } from 'node:crypto';
import { ApiError } from '@commitlog/api';
import { Keyring, keyBytes, MembershipError } from '@commitlog/membership';
import { type Files, hasErrorCode } from '@commitlog/runtime';
import { AgentError } from '../errors.js';

/** Far more than the keys of a rotation take. */
const fileBytesMax = 16 * 1024;

/** The keys that a node has, by their ids: keys themselves are told to nobody. */
export interface NodeKeys {
  readonly ids: readonly string[];
  /** The one that it seals with. */
  readonly sealing: string;
}

/** What is to become of a node's keys. */
export type KeyChange =
  | { readonly kind: 'install'; readonly key: Uint8Array }
  | { readonly kind: 'use' | 'remove'; readonly id: string };

/** A line of the file: a key, or a comment, or nothing. */
interface Line {
  readonly text: string;
  readonly key: Buffer | undefined;
}

/** What a key goes by: the first 8 bytes of its SHA-256, in hexadecimal. */
export function keyIdOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

/**
 * The keys of gossip, as a file has them: one a line, 64 hexadecimal digits each; the first is the one to seal with. `#` begins a comment.
 * What counts is what the file says: whoever changes it by hand has it read anew, and whoever changes the keys by a call changes the file first.
 */
export class KeyringFile {
  readonly keyring: Keyring;
  readonly #path: string;
  readonly #files: Files;
  #keys: readonly Buffer[];
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(path: string, files: Files, keys: readonly Buffer[]) {
    this.#path = path;
    this.#files = files;
    this.#keys = keys;
    this.keyring = keyringOf(keys);
  }

  /**
   * @throws AgentError `settings` for a file that holds no keys, or that others may read; MembershipError for too many
   */
  static async open(path: string, { files }: { readonly files: Files }): Promise<KeyringFile> {
    const absolute = files.absolute(path);
    return new KeyringFile(absolute, files, keysOf(await readLines(absolute, files)));
  }

  get keys(): NodeKeys {
    const [sealing] = this.#keys;
    return { ids: [...new Set(this.#keys.map(keyIdOf))], sealing: keyIdOf(sealing!) };
  }

  /** Takes what the file says now. @throws AgentError, MembershipError as `open` does: then the keys are those from before */
  reload(): Promise<void> {
    return this.#inTurn(async () => this.#take(keysOf(await readLines(this.#path, this.#files))));
  }

  /**
   * Changes the file, and then what is sealed and opened with. What is so already is no error.
   *
   * @throws ApiError `INVALID_REQUEST` for what is no key; `GOSSIP_KEY_NOT_FOUND`; `GOSSIP_KEY_IN_USE` for the one to seal with, which cannot be removed;
   * `FAILED_PRECONDITION` where the file cannot be used. Then the keys are those from before
   */
  change(change: KeyChange): Promise<void> {
    return this.#inTurn(async () => {
      try {
        const lines = changed(await readLines(this.#path, this.#files), change);
        const keys = keysOf(lines);
        keyringOf(keys);
        await this.#write(lines);
        this.#take(keys);
      } catch (error) {
        throw asRefusal(error);
      }
    });
  }

  /** A change is made of what the one before has left. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => {});
    return done;
  }

  #take(keys: readonly Buffer[]): void {
    // Refuses what is no keyring before anything of this one is changed.
    keyringOf(keys);
    const [before, primary] = [this.#keys, keys[0]!];
    const gone = before.filter((key) => !keys.some((kept) => kept.equals(key)));
    // Those first that make room for others; the one that is sealed with once another is.
    for (const key of gone.filter((key) => !key.equals(before[0]!))) this.keyring.remove(key);
    this.keyring.install(primary);
    this.keyring.use(primary);
    for (const key of gone) this.keyring.remove(key);
    for (const key of keys) this.keyring.install(key);
    this.#keys = keys;
  }

  /** Written aside, for its owner alone, synced and renamed: at any moment there is one whole file or the other. */
  async #write(lines: readonly Line[]): Promise<void> {
    const [files, path, aside] = [this.#files, this.#path, `${this.#path}.new`];
    await files.remove(aside).catch((error: unknown) => {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
    });
    const file = await files.open(aside, 'create', 0o600);
    try {
      file.write([Buffer.from(`${lines.map(({ text }) => text).join('\n')}\n`)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(aside, path);
    await files.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
  }
}

/** @throws MembershipError where these are too many, or two cannot be told apart */
function keyringOf([primary, ...others]: readonly Buffer[]): Keyring {
  return new Keyring(primary!, others);
}

function keysOf(lines: readonly Line[]): Buffer[] {
  return lines.flatMap(({ key }) => (key === undefined ? [] : [key]));
}

/** The same lines, comments included, but for what changes. */
function changed(lines: readonly Line[], change: KeyChange): readonly Line[] {
  const isMeant = ({ key }: Line): boolean => key !== undefined && keyIdOf(key) === idIn(change);
  const meant = lines.find(isMeant);
  const others = lines.filter((line) => !isMeant(line));
  switch (change.kind) {
    case 'install': {
      if (meant !== undefined) return lines;
      const key = Buffer.from(change.key);
      return [...lines, { text: key.toString('hex'), key }];
    }
    case 'use': {
      if (meant === undefined) throw keyNotFound(change.id);
      const first = lines.findIndex(({ key }) => key !== undefined);
      return [...lines.slice(0, first), meant, ...others.slice(first)];
    }
    case 'remove':
      if (meant !== undefined && meant === lines.find(({ key }) => key !== undefined)) {
        throw keyInUse(change.id, 'it is what gossip is sealed with: use another first');
      }
      return others;
  }
}

function idIn(change: KeyChange): string {
  if (change.kind !== 'install') return change.id;
  if (change.key.length === keyBytes) return keyIdOf(change.key);
  const message = `expected a key of ${keyBytes} bytes, got ${change.key.length}`;
  throw new ApiError('INVALID_REQUEST', message, { metadata: { field: 'key' } });
}

export function keyNotFound(id: string): ApiError {
  return new ApiError('GOSSIP_KEY_NOT_FOUND', `there is no gossip key "${id}": install it first`, {
    metadata: { key: id },
  });
}

export function keyInUse(id: string, why: string): ApiError {
  return new ApiError('GOSSIP_KEY_IN_USE', `gossip key "${id}": ${why}`, { metadata: { key: id } });
}

/** What whoever asked for a change can do something about. */
function asRefusal(error: unknown): unknown {
  const isFile =
    error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code);
  const isOurs = error instanceof AgentError || error instanceof MembershipError;
  if (!isFile && !isOurs) return error;
  const message = `the keyring file was not changed: ${error.message}`;
  return new ApiError('FAILED_PRECONDITION', message, { cause: error });
}

async function readLines(path: string, files: Files): Promise<Line[]> {
  const text = await readSecret(path, files);
  const lines = text
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line): Line => {
      const written = line.replace(/#.*$/, '').trim();
      if (written === '') return { text: line, key: undefined };
      if (!/^[0-9a-fA-F]{64}$/.test(written)) throw noKeys(path);
      return { text: line, key: Buffer.from(written, 'hex') };
    });
  if (lines.every(({ key }) => key === undefined)) throw noKeys(path);
  return lines;
}

function noKeys(path: string): AgentError {
  const message = `${path}: expected keys of ${keyBytes * 2} hexadecimal digits, one a line, the first to seal with. Make one with: openssl rand -hex 32`;
  return new AgentError('settings', message);
}

async function readSecret(path: string, files: Files): Promise<string> {
  const file = await files.open(path, 'read').catch((cause: unknown) => {
    throw new AgentError('settings', `${path}, the keyring of gossip, cannot be read`, { cause });
  });
  try {
    const mode = await file.permissions();
    if ((mode & 0o077) !== 0) {
      const message = `${path} may be used by others (mode ${mode.toString(8)}): keys are for their owner alone. Run: chmod 600 ${path}`;
      throw new AgentError('settings', message);
    }
    const bytes = Buffer.alloc(fileBytesMax);
    const length = await file.read(bytes, 0);
    if (length < fileBytesMax) return bytes.toString('utf8', 0, length);
    throw new AgentError('settings', `${path} is too long for a keyring: expected less than ${fileBytesMax} bytes`);
  } finally {
    await file.close();
  }
}
