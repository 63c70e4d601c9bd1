/**
 * A process that wants a directory's lock. It says `ready`, tries when told to `take`, says `taken` or why not, and lets go
 * when told to `release`. It ends with its standard input.
 */
import { createInterface } from 'node:readline';
import type { Lock } from '../../src/index.js';
import { nodeFiles } from '../../src/node/index.js';

const directory = process.argv[2]!;
let lock: Lock | undefined;

console.log('ready');
for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'take') {
    try {
      lock = await nodeFiles.lock(directory);
      console.log('taken');
    } catch (error) {
      console.log(String(error));
    }
  } else {
    await lock?.release();
    console.log('released');
  }
}
process.exit();
