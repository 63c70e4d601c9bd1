import { derSequenceBytes } from '../der.js';
import { AuthError } from '../errors.js';
import { wholePemParts } from './pem.js';

/** The longest file of revocation lists that is read, in bytes: some 350,000 certificates of our authority. */
export const listFileBytesMax: number = 16 * 1024 * 1024;

/** The most lists of one file. Each authority needs one. */
const listsMax = 100;

/** The most lines of a file: twice as many as the longest has when 64 characters are in each. More would take seconds, and nobody has a turn meanwhile. */
const linesMax = 500_000;

const label = 'X509 CRL';
const formats = `PEM ("-----BEGIN ${label}-----"), DER, or DER in base64`;

/**
 * The revocation lists of a file, DER, a hundred at most: one in DER; or several in PEM or in base64 without PEM's lines around it, which is how cfssl writes them.
 * Besides these there may be words, but nothing that could be a spoilt list: it must not be taken for none.
 *
 * @throws AuthError `certificates`
 */
export function listsOf(content: Buffer, path: string): readonly Buffer[] {
  const refuse = (why: string): AuthError => new AuthError('certificates', `${path}: ${why}`, { path });
  const bytes = derSequenceBytes(content);
  if (bytes === content.length) return [content];
  if (bytes !== undefined)
    throw refuse(
      `it begins as DER of ${bytes} bytes and has ${content.length}: it was cut short, or more follows; write the file again, several lists in PEM`,
    );
  const text = content.toString('latin1');
  if (text.split('\n', linesMax + 1).length > linesMax)
    throw refuse(`it has more than ${linesMax} lines: is it the right file? Lists have lines of 64 characters or more`);
  const { blocks, besides } = wholePemParts(text, label, path);
  const lists = [...blocks];
  for (const words of besides) for (const list of bareLists(words, refuse)) lists.push(list);
  if (lists.length === 0)
    throw refuse(
      `there is no revocation list: expected ${formats}, found ${beginningOf(content)}: is it the right file?`,
    );
  if (lists.length <= listsMax) return lists;
  throw refuse(
    `it has ${lists.length} revocation lists, and ${listsMax} at most are read: the newest of each authority is enough`,
  );
}

/** Lists in base64 with nothing around it, among words. */
function* bareLists(text: string, refuse: (why: string) => AuthError): Generator<Buffer, void> {
  const spoilt = (line: string): AuthError =>
    refuse(
      `there is more besides whole revocation lists, ${formats}: ${quoted(line)}. Write the list again; if these are words, begin the line with "#"`,
    );
  let base64 = '';
  /** How many characters it will have, from what its first line says. */
  let expected: number | undefined;
  for (const each of text.split('\n')) {
    const line = each.trim();
    if (expected === undefined) {
      if (/^-+ *(BEGIN|END) /.test(line.slice(0, quotedMax))) throw spoilt(line);
      if (!isLongBase64(line)) continue;
      expected = base64Characters(line);
      if (expected === undefined && isMixed(line)) throw spoilt(line);
      if (expected === undefined) continue;
    }
    base64 += line;
    if (base64.length > expected || notBase64.test(line)) throw spoilt(line);
    if (base64.length < expected) continue;
    yield Buffer.from(base64, 'base64');
    [base64, expected] = ['', undefined];
  }
  if (expected === undefined) return;
  throw refuse(
    `a revocation list in base64 was cut short: by its first bytes it has ${expected} characters, and there are ${base64.length}; write the file again`,
  );
}

const notBase64 = /[^A-Za-z0-9+/=]/;

/** Tools break base64 into lines of 64 or 76 characters, or not at all. */
const base64LineMin = 40;

function isLongBase64(line: string): boolean {
  return line.length >= base64LineMin && !notBase64.test(line);
}

/** How long the base64 of the DER is that begins here, if it does. */
function base64Characters(line: string): number | undefined {
  const bytes = derSequenceBytes(Buffer.from(line.slice(0, 8), 'base64'));
  return bytes === undefined ? undefined : Math.ceil(bytes / 3) * 4;
}

/** Whether it is neither a fingerprint in hexadecimal digits nor a line that is drawn: a line from the midst of a list. */
function isMixed(line: string): boolean {
  return [/[A-Z]/, /[a-z]/, /[0-9+/]/, /[G-Zg-z]/].every((kind) => kind.test(line));
}

const quotedMax = 80;

function quoted(line: string): string {
  return JSON.stringify(line.slice(0, quotedMax));
}

function beginningOf(content: Buffer): string {
  if (content.length === 0) return 'an empty file';
  return `${content.length} bytes that begin with ${quoted(content.toString('latin1', 0, 40))}`;
}
