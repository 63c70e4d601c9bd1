import { Keyring, keyBytes } from '@commitlog/membership';
import type { Files } from '@commitlog/runtime';
import { AgentError } from '../errors.js';

/** Far more than the keys of a rotation take. */
const fileBytesMax = 16 * 1024;

/** The keys of gossip, as a file has them: one a line, 64 hexadecimal digits each; the first is the one to seal with. `#` begins a comment. */
export class KeyringFile {
  readonly keyring: Keyring;
  readonly #path: string;
  readonly #files: Files;
  #keys: readonly Buffer[];

  private constructor(path: string, files: Files, keys: readonly Buffer[]) {
    this.#path = path;
    this.#files = files;
    this.#keys = keys;
    this.keyring = new Keyring(keys[0]!, keys.slice(1));
  }

  /**
   * @throws AgentError `settings` for a file that holds no keys, or that others may read
   */
  static async open(path: string, { files }: { readonly files: Files }): Promise<KeyringFile> {
    return new KeyringFile(path, files, await readKeys(path, files));
  }

  /** Takes what the file says now. @throws AgentError `settings`: then the keys are those from before */
  async reload(): Promise<void> {
    const keys = await readKeys(this.#path, this.#files);
    const before = this.#keys;
    this.#keys = keys;
    for (const key of keys) this.keyring.install(key);
    this.keyring.use(keys[0]!);
    for (const key of before) if (!keys.some((kept) => kept.equals(key))) this.keyring.remove(key);
  }
}

async function readKeys(path: string, files: Files): Promise<Buffer[]> {
  const text = await readSecret(path, files);
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, '').trim());
  const keys = lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'hex'));
  const isKeys = keys.length > 0 && keys.every(({ length }) => length === keyBytes);
  if (isKeys && lines.every((line) => line === '' || /^[0-9a-fA-F]{64}$/.test(line))) return keys;
  const message = `${path}: expected keys of ${keyBytes * 2} hexadecimal digits, one a line, the first to seal with. Make one with: openssl rand -hex 32`;
  throw new AgentError('settings', message);
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
    return bytes.toString('utf8', 0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}
