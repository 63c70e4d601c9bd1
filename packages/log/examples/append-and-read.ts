import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';

const dir = mkdtempSync(`${tmpdir()}/drinks-`);
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
let log = await openLog({ dir }, { files: nodeFiles, clock: nodeClock });

// Each of these is on disk when its promise settles. They wait together, so they share one sync.
const batches = ['tea', 'coffee', 'water'].map((drink) => encodeBatch([{ value: Buffer.from(drink) }]));
const appended = await Promise.all(batches.map((batch) => log.append(batch)));
console.log('appended at', appended.map(({ baseOffset }) => baseOffset).join(', '));
await log.close();

// After a restart everything is there, in order, each record under its offset.
log = await openLog({ dir, create: false }, { files: nodeFiles, clock: nodeClock });
for await (const { offset, value } of log.records({ from: { offset: 1 } })) console.log(offset, `${value}`);
await log.close();
