import type { Log } from '@commitlog/log';
import { describe, expect, it } from 'vitest';
import { appendBig, batchOf, behind, big, refused, stampedAfter, valuesOf, World, words } from './world.js';

describe('a checkpoint hook that changes the log', () => {
  const changes: Record<string, (log: Log) => Promise<unknown>> = {
    truncateAfter: (log) => log.truncateAfter(1),
    trimBefore: (log) => log.trimBefore(2),
    reset: (log) => log.reset(behind(100)),
    mend: (log) => log.mend(1, () => expect.fail()),
    close: (log) => log.close(),
    appendStamped: (log) => log.appendStamped([stampedAfter(log.tail, big('inner'))]),
  };
  // The roll was decided for a log that was another one when it was carried out.
  it.each(Object.keys(changes))('given it calls %s, then that is refused, and the append is not', async (name) => {
    const world = new World();
    let inner: Promise<unknown> | undefined;
    const log = await world.open({
      checkpoint: () => {
        inner ??= changes[name]!(log).catch((error: unknown) => error);
        return undefined;
      },
    });
    await appendBig(log, 1, 5);
    expect(await inner).toMatchObject({ code: 'settings' });
    expect(await valuesOf(log)).toEqual(words(1, 5));
    await log.close();
    expect(await valuesOf(await world.open())).toEqual(words(1, 5));
  });

  // The queue was put back as it had been, without what the hook had asked for.
  it('given it throws in appendStamped after asking for a change, then both are told', async () => {
    let inner: Promise<unknown> | undefined;
    const log = await new World().open({
      checkpoint: () => {
        inner = log.trimBefore(2).catch((error: unknown) => error);
        throw new Error('hook');
      },
    });
    await appendBig(log, 1, 3);
    await expect(log.appendStamped([stampedAfter(log.tail, big('x'))])).rejects.toThrow('hook');
    expect(await inner).toMatchObject({ code: 'settings' });
  });

  // A string was stored as zeros, and a promise as nothing.
  it.each([async () => Buffer.from('s'), () => 'state', () => 7, () => null])(
    'given it is %s, then the append is refused, and says so',
    async (checkpoint) => {
      const log = await new World().open({ checkpoint: checkpoint as never });
      await appendBig(log, 1, 3);
      await refused(log.append(big('x')), 'settings');
      expect(log.checkpoints).toEqual([]);
    },
  );
});

it('given a checkpoint hook that appends, then that append is refused, and no index is given twice', async () => {
  const world = new World();
  let inner: Promise<unknown> | undefined;
  const log = await world.open({
    checkpoint: () => {
      inner = log.append(batchOf('inner')).catch((error: unknown) => error);
      return undefined;
    },
  });
  await appendBig(log, 1, 4);
  expect(await inner).toMatchObject({ code: 'settings' });
  expect(log.tail.index).toBe(4);
});
