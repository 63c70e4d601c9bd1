import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectLog, openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { appendBig } from './world.js';

it('given a log that was closed, when it is opened again, then it holds what was appended', async () => {
  const { files } = new SimulatedDisk();
  const first = await openLog({ dir: '/log' }, { files, clock: new SimulatedClock() });
  await first.append(encodeBatch([{ value: Buffer.from('kept') }]));
  await first.close();

  const second = await openLog({ dir: '/log' }, { files, clock: new SimulatedClock() });
  const values: string[] = [];
  for await (const record of second.records({ from: 'start' })) values.push(record.value.toString());
  expect(values).toEqual(['kept']);
});

// A relative path was resolved anew by every operation.
it('given a relative directory, when the process changes its own, then the log stays where it was opened', async () => {
  const before = process.cwd();
  const root = await mkdtemp(join(tmpdir(), 'log-'));
  try {
    process.chdir(root);
    const log = await openLog({ dir: 'data', segmentBytes: 4096 }, { files: nodeFiles, clock: nodeClock });
    process.chdir('/');
    await appendBig(log, 1, 5);
    await log.close();
    const { segments } = await inspectLog({ dir: join(root, 'data') }, { files: nodeFiles });
    expect(segments.at(-1)!.end.index).toBe(5);
  } finally {
    process.chdir(before);
    await rm(root, { recursive: true });
  }
});
