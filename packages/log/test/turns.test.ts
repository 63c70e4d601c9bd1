import type { Log } from '@commitlog/log';
import { describe, expect, it } from 'vitest';
import { appendEach, batchOf, behind, refused, valuesOf, World, words } from './world.js';

/** A log of twelve small batches; with `isBusy`, while a truncation that changes nothing of what follows is under way. */
async function twelve(isBusy: boolean): Promise<{ log: Log; busy: Promise<unknown> }> {
  const log = await new World().open();
  await appendEach(log, ...words(1, 12));
  return { log, busy: isBusy ? log.truncateAfter(11) : Promise.resolve() };
}

// Behind another change, trims overtook truncations, resets and appends that had been asked for before them: they trimmed what was to be
// truncated, and what was appended then was below the log's start.
describe.each([
  ['at rest', false],
  ['with a truncation under way', true],
])('calls that wait for nobody, on a log %s', (_, isBusy) => {
  it('given a truncation, appends, and a trim of what these become, then each finds what the ones before it have left', async () => {
    const { log, busy } = await twelve(isBusy);
    const calls = [
      busy,
      log.truncateAfter(5),
      ...['c6', 'c7', 'c8'].map((value) => log.append(batchOf(value), { term: 2 })),
      log.trimBefore(8),
    ];
    await Promise.all(calls);
    expect([log.start.index, log.start.term, await valuesOf(log)]).toEqual([7, 2, ['c8']]);
  });

  it('given a reset to a lower index, appends, and a trim, then the trim that is done is done', async () => {
    const { log, busy } = await twelve(isBusy);
    await busy;
    await log.trimBefore(9);
    const calls = [
      isBusy ? log.truncateAfter(10) : Promise.resolve(),
      log.reset(behind(2)),
      ...['c3', 'c4', 'c5', 'c6'].map((value) => log.append(batchOf(value))),
      log.trimBefore(5),
    ];
    await Promise.all(calls);
    expect([log.start.index, await valuesOf(log)]).toEqual([4, ['c5', 'c6']]);
  });

  it('given a reset to a lower index, and a truncation there, then it is not measured by the start that was', async () => {
    const { log, busy } = await twelve(isBusy);
    await busy;
    await log.trimBefore(9);
    const calls = [
      isBusy ? log.truncateAfter(10) : Promise.resolve(),
      log.reset(behind(2)),
      ...['c3', 'c4', 'c5'].map((value) => log.append(batchOf(value))),
      log.truncateAfter(4),
    ];
    await Promise.all(calls);
    expect([log.start.index, await valuesOf(log)]).toEqual([2, ['c3', 'c4']]);
  });

  it('given a trim, and a truncation below what it leaves, then that is refused', async () => {
    const { log, busy } = await twelve(isBusy);
    const calls = [busy, log.trimBefore(9), refused(log.truncateAfter(5), 'out-of-range')];
    await Promise.all(calls);
    expect([log.start.index, log.tail.index]).toEqual([8, isBusy ? 11 : 12]);
  });

  it('given a truncation, a trim and a close, then both are done before it is closed', async () => {
    const { log, busy } = await twelve(isBusy);
    await Promise.all([busy, log.truncateAfter(8), log.trimBefore(5), log.close()]);
    expect([log.start.index, log.tail.index]).toEqual([4, 8]);
  });
});
