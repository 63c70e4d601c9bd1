import { type Files, hasErrorCode } from '@commitlog/runtime';
import { CommandError } from '../errors.js';
import { size } from '../presentation/quantity.js';

/** The text is held in memory, to be compared with what comes back. */
const bytesMax = 64_000_000;

/**
 * Reads a file that somebody named, whole.
 *
 * @throws CommandError `unreadable-file`, `wrong-file` where it is too long
 */
export async function readTextFile(path: string, { files }: { readonly files: Files }): Promise<Buffer> {
  try {
    const file = await files.open(path, 'read');
    try {
      const bytes = await file.size();
      if (bytes > bytesMax) {
        const message = `${path} has ${size(bytes)}: name a file of at most ${size(bytesMax)}, or use commitlog produce`;
        throw new CommandError('wrong-file', message, { path });
      }
      const content = Buffer.alloc(bytes);
      return content.subarray(0, await file.read(content, 0));
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError('unreadable-file', `cannot read ${path}: ${reason(cause)}`, { path, cause });
  }
}

function reason(error: unknown): string {
  if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return 'there is no such file';
  if (hasErrorCode(error, 'EISDIR')) return 'it is a directory. Name a file';
  if (hasErrorCode(error, 'EACCES', 'EPERM')) return 'this user may not read it';
  if (hasErrorCode(error, 'ESPIPE', 'ENXIO')) return 'it is a pipe or a device. Name a file';
  return error instanceof Error ? error.message : String(error);
}
