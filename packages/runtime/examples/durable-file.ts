/** Replaces a file so that a power cut leaves either the old one or the new one, whole; one process at a time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { hasErrorCode } from '@commitlog/runtime';
import { nodeFiles as files } from '@commitlog/runtime/node';

const directory = mkdtempSync(`${tmpdir()}/durable-file-`);
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const lock = await files.lock(directory);
await files.lock(directory).catch((error: unknown) => {
  if (hasErrorCode(error, 'LOCKED')) console.log('a second owner is refused');
});

const file = await files.open(`${directory}/settings.new`, 'create');
file.write([Buffer.from('level = '), Buffer.from('high\n')], 0);
await file.sync(); // its bytes
await file.close();
await files.rename(`${directory}/settings.new`, `${directory}/settings`);
await files.syncDirectory(directory); // its name

console.log(await readFile(`${directory}/settings`, 'utf8'));
await lock.release();
