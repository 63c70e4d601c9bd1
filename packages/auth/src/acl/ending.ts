import { AuthError } from '../errors.js';

/** A file whose first line says this is whole only if its last line says {@link end}. */
const announcement = '# Whole only with its last line, "# end".';
const end = '# end';

/**
 * A policy that was cut short between two lines looks whole, and one that has lost its denials allows too much. A file can
 * therefore announce how it ends; those that we ship do.
 *
 * @throws AuthError `policy`
 */
export function requireWhole(text: string, path: string): void {
  const lines = text.trimEnd().split(/\r?\n/);
  if (text.trim() === '') throw new AuthError('policy', `${path} is empty`, { path });
  if (lines[0] !== announcement || (lines.at(-1) === end && lines.length > 1)) return;
  throw new AuthError('policy', `${path} was cut short: its first line promises "${end}" as the last one`, { path });
}
