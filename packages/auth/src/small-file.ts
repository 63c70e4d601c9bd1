import type { Files, OpenFile } from '@commitlog/runtime';
import { AuthError, fileError } from './errors.js';

/** A file of settings: small, and read whole. */
export interface SmallFile {
  readonly path: string;
  /** The longest that is read. */
  readonly bytesMax: number;
  /** Whether it is a secret: it is then refused if others than its owner may do anything with it. */
  readonly isSecret?: boolean;
}

/**
 * @throws AuthError `file` when it cannot be read, or is too long; `key-exposed` when it is a secret that others may read
 */
export async function readSmallFile(files: Files, { path, bytesMax, isSecret = false }: SmallFile): Promise<Buffer> {
  let file: OpenFile | undefined;
  try {
    file = await files.open(path, 'read');
    if (isSecret) await refuseIfExposed(file, path);
    const bytes = await file.size();
    if (bytes > bytesMax) {
      throw new AuthError('file', `${path} has ${bytes} bytes, expected ${bytesMax} at most: is it the right file?`, {
        path,
      });
    }
    const content = Buffer.alloc(bytes);
    return content.subarray(0, await file.read(content, 0));
  } catch (error) {
    throw fileError(error, 'read', path);
  } finally {
    await file?.close();
  }
}

async function refuseIfExposed(file: OpenFile, path: string): Promise<void> {
  const permissions = await file.permissions();
  if ((permissions & 0o077) === 0) return;
  const octal = permissions.toString(8).padStart(4, '0');
  throw new AuthError(
    'key-exposed',
    `${path} can be used by others than its owner (mode ${octal}): chmod 600 ${path}`,
    {
      path,
    },
  );
}

/** @throws AuthError with this code when the bytes are not UTF-8, or hold characters that no text has */
export function textOf(content: Uint8Array, path: string, code: 'policy' | 'certificates'): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new AuthError(code, `${path} is not UTF-8 text: is it the right file?`, { path });
  }
  const at = text.search(control);
  if (at === -1) return text;
  const line = text.slice(0, at).split('\n').length;
  const number = text.charCodeAt(at).toString(16).padStart(4, '0');
  throw new AuthError(code, `${path}:${line}: the control character U+${number} has no place here`, { path });
}

/**
 * Controls (Unicode's category Cc) that are neither tab nor line end, and the separators that some take for a line end. A
 * carriage return ends a line only together with a line feed: for some parsers alone, too, and what follows it is then lost.
 */
const control = /(?!\t|\n|\r\n)[\p{Cc}\p{Zl}\p{Zp}]/u;
