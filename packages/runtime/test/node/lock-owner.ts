/**
 * A process that wants a directory's lock. It says `ready`, tries when told to `take`, says `taken` or why not, and lets go
 * when told to `release`. Told to `starve`, it opens files until one descriptor is left (`starve wholly`: none); told to `feed`, it closes them. It ends
 * with its standard input.
 */
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Lock } from '../../src/index.js';
import { nodeFiles } from '../../src/node/index.js';

const directory = process.argv[2]!;
let lock: Lock | undefined;
const hoarded: number[] = [];

function starve(left: number): void {
  try {
    for (;;) hoarded.push(openSync('/dev/null', 'r'));
  } catch {
    for (const descriptor of hoarded.splice(0, left)) closeSync(descriptor);
  }
}

console.log('ready');
for await (const command of createInterface({ input: process.stdin })) {
  try {
    if (command === 'take') {
      lock = await nodeFiles.lock(directory);
      console.log('taken');
    } else if (command === 'release') {
      await lock?.release();
      console.log('released');
    } else if (command === 'feed') {
      for (const descriptor of hoarded.splice(0)) closeSync(descriptor);
      console.log('fed');
    } else {
      starve(command === 'starve' ? 1 : 0);
      console.log('starved');
    }
  } catch (error) {
    console.log(String(error));
  }
}
process.exit();
