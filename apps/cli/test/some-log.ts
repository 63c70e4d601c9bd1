import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { cutLines } from '../src/demo/lines.js';
import { packageDirectory, scratch } from './command-line.js';

/** A sound log of several segments: the lines of a text, a batch each. */
export async function someLog(): Promise<string> {
  const { dir: base } = await scratch();
  const dir = join(base, 'log');
  const text = await readFile(join(packageDirectory, 'text/the-log.txt'));
  await using log = await openLog({ dir, segmentBytes: 4096 }, { files: nodeFiles, clock: nodeClock });
  const { pieces } = cutLines(text, true, text.length);
  await Promise.all(pieces.map((value) => log.append(encodeBatch([{ value, time: nodeClock.wallMs() }]))));
  return dir;
}
