import { Buffer } from 'node:buffer';
import { InvalidArgumentError, Option } from 'commander';

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\' };

/** `--delimiter`: a line feed unless told. */
export function delimiterOption(what: string): Option {
  return new Option('--delimiter <text>', `${what}; \\n, \\0, \\xHH stand for bytes`)
    .argParser(delimiter)
    .default(Buffer.from('\n'), '\\n');
}

/** As it is typed: `\n`, `\0`, `\r\n`, `\x1e`, `--`; at least one byte. */
function delimiter(text: string): Buffer {
  const said = text.replaceAll(/\\(?:x([0-9A-Fa-f]{2})|(.?))/gs, (written, hex?: string, letter?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    const meant = escapes[letter ?? ''];
    if (meant === undefined)
      throw new InvalidArgumentError(`"${written}" means nothing: \\n, \\r, \\t, \\0, \\\\ and \\xHH do.`);
    return meant;
  });
  if (said === '') throw new InvalidArgumentError('Expected one byte at least, such as "\\n" or "\\0".');
  // What is typed as \xHH is that byte; what is typed as a letter is its UTF-8.
  const isBytes = /\\x[89A-Fa-f]/.test(text);
  return Buffer.from(said, isBytes ? 'latin1' : 'utf8');
}
