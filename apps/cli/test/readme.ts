import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The block of the README at the top that follows some words. */
export function blockAfter(words: string): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const at = readme.indexOf(words);
  if (at === -1) throw new Error(`the README does not say "${words}"`);
  const [, block] = readme.slice(at + words.length).split('\n```\n');
  return block!;
}

/** A line without what differs from run to run. */
export function stable(line: string): string {
  return line
    .replace(/\S*\/commitlog-\w{6}/, '/commitlog-…')
    .replace(/\b(n\d)\b/g, 'n#')
    .replace(/\b(leader|follower)$/, 'role')
    .replace(/[\d,.:TZ-]*\d[\d,.:TZ-]*/g, '#')
    .replace(/# (ms|s)\b/g, '# ms')
    .replace(/ +/g, ' ');
}
