import { inspectLog, LogError, type LogSettings, openLog, verifyLog } from '@commitlog/log';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../src/settings.js';
import { refused } from './world.js';

const dir = '/log';

const numbers: readonly [keyof LogSettings, number, number][] = [
  ['log', 0, Number.MAX_SAFE_INTEGER],
  ['segmentBytes', 4096, 2 ** 31],
  ['segmentMs', 1, Number.MAX_SAFE_INTEGER],
  ['batchBytesMax', 64, 2 ** 31 - 65],
  ['groupBytesMax', 1, 2 ** 31],
  ['pendingBytesMax', 1, 2 ** 40],
  ['openFilesMax', 1, 65_536],
];

function refusal(settings: LogSettings): LogError {
  try {
    resolveSettings(settings);
  } catch (error) {
    if (error instanceof LogError) return error;
    throw error;
  }
  throw new Error(`expected a refusal of ${JSON.stringify(settings)}`);
}

it.each(numbers)('given %s from %d to %d, then it is taken, and nothing beyond', (name, min, max) => {
  expect(resolveSettings({ dir, [name]: min })).toMatchObject({ [name]: min });
  expect(resolveSettings({ dir, [name]: max })).toMatchObject({ [name]: max });
  for (const wrong of [min - 1, max + 1, min + 0.5, Number.NaN, '8192' as unknown as number]) {
    const { code, message } = refusal({ dir, [name]: wrong });
    expect(code).toBe('settings');
    expect(message).toContain(name);
    expect(message).toContain(`an integer from ${min} to ${max}`);
  }
});

it.each(['cluster', 'storageId'] as const)('given a %s, then it is 32 lower-case hexadecimal digits', (name) => {
  expect(resolveSettings({ dir, [name]: '0123456789abcdef'.repeat(2) })[name]).toBe('0123456789abcdef'.repeat(2));
  for (const wrong of ['', 'ab', 'AB'.repeat(16), 'g'.repeat(32), `${'0'.repeat(32)}\n`, 7 as unknown as string]) {
    expect(refusal({ dir, [name]: wrong })).toMatchObject({ code: 'settings' });
  }
});

it.each(['', 'a\0b', undefined as unknown as string])('given the directory %j, then it is refused', (wrong) => {
  expect(refusal({ dir: wrong })).toMatchObject({ code: 'settings' });
});

it('given only a directory, then the rest is as documented', () => {
  const { checkpoint, ...rest } = resolveSettings({ dir });
  expect(checkpoint({ index: 0, term: 0, nextOffset: 0, appendTime: 0 })).toBeUndefined();
  expect(rest).toEqual({
    dir,
    cluster: '0'.repeat(32),
    storageId: '0'.repeat(32),
    log: 0,
    create: true,
    segmentBytes: 128 * 2 ** 20,
    segmentMs: undefined,
    batchBytesMax: 2 ** 20,
    groupBytesMax: 2 ** 18,
    pendingBytesMax: 64 * 2 ** 20,
    openFilesMax: 64,
  });
});

// They were refused with an error of the language, which names a property of ours and not what to do.
describe('what is no setting at all', () => {
  const components = { files: new SimulatedDisk().files, clock: new SimulatedClock() };
  it.each<[string, string, () => Promise<unknown>]>([
    ['openLog', 'dir', () => openLog(undefined as never, components)],
    ['openLog', 'dir', () => openLog(null as never, components)],
    ['openLog', 'files', () => openLog({ dir }, undefined as never)],
    ['openLog', 'files', () => openLog({ dir }, { clock: components.clock } as never)],
    ['openLog', 'clock', () => openLog({ dir }, { files: components.files } as never)],
    ['verifyLog', 'dir', () => verifyLog(undefined as never, components)],
    ['verifyLog', 'files', () => verifyLog({ dir }, undefined as never)],
    ['verifyLog', 'progress', () => verifyLog({ dir, progress: 5 as never }, components)],
    ['inspectLog', 'dir', () => inspectLog(undefined as never, components)],
    ['inspectLog', 'files', () => inspectLog({ dir }, undefined as never)],
  ])('given %s without a %s, then it is refused as a setting, by name', async (_, name, call) => {
    const { message } = await refused(call(), 'settings');
    expect(message).toContain(name);
  });
});
