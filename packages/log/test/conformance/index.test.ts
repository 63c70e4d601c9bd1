import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Log, openLog } from '@commitlog/log';
import { logConformance, type OpenFresh } from '@commitlog/log/conformance';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { describe, it } from 'vitest';

const cases = logConformance.map(({ name, run }) => [name, run] as const);

describe('the log on a simulated disk conforms', () => {
  const open: OpenFresh = async (settings) => {
    const { files } = new SimulatedDisk();
    const reopen = (): Promise<Log> => openLog({ ...settings, dir: '/log' }, { files, clock: new SimulatedClock() });
    return { log: await reopen(), reopen };
  };
  it.each(cases)('%s', (_name, run) => run(open));
});

describe("the log on this machine's disk conforms", () => {
  it.each(cases)('%s', async (_name, run) => {
    const dir = await mkdtemp(join(tmpdir(), 'commitlog-conformance-'));
    const opened: Log[] = [];
    try {
      await run(async (settings) => {
        const reopen = async (): Promise<Log> => {
          const log = await openLog({ ...settings, dir }, { files: nodeFiles, clock: nodeClock });
          opened.push(log);
          return log;
        };
        return { log: await reopen(), reopen };
      });
    } finally {
      try {
        for (const log of opened) await log.close();
      } finally {
        await rm(dir, { recursive: true });
      }
    }
  });
});
