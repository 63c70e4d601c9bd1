import { SeededRandom, SimulatedDisk } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { FileStore, type SavedState } from '../../src/index.js';

const state = (incarnation: number): SavedState => ({
  cluster: 'c',
  name: 'a',
  incarnation,
  contacts: [{ host: '10.0.0.1', port: 7946 }],
});

async function disk(): Promise<SimulatedDisk> {
  const made = new SimulatedDisk();
  await made.files.makeDirectory('/data');
  return made;
}

const storeOn = (on: SimulatedDisk): FileStore => new FileStore({ directory: '/data' }, { files: on.files });

test('given nothing saved, then there is nothing; given something, then it is what was saved last', async () => {
  const store = storeOn(await disk());
  expect(await store.load()).toBeUndefined();
  await store.save(state(1));
  await store.save(state(2));
  expect(await store.load()).toMatchObject(state(2));
});

test('given a power cut in the middle of a save, however the disk is left, then the old or the new state is there, whole', async () => {
  const on = await disk();
  await storeOn(on).save(state(1));
  const found = new Set<number>();
  const cuts: SimulatedDisk[] = [];
  on.onOperation = () => {
    const faults = ['kept', 'lost', 'bytes-lost', 'torn', 'zeros', 'names-lost'] as const;
    for (const { disk: left } of on.crashStates({ random: new SeededRandom(1), faults })) cuts.push(left);
  };
  await storeOn(on).save(state(2));
  on.onOperation = undefined as never;
  expect(cuts.length).toBeGreaterThan(10);
  for (const left of cuts) found.add((await storeOn(left).load())!.incarnation);
  expect(found).toEqual(new Set([1, 2]));
});

test.each([
  '',
  '{}',
  '{"version":1,"cluster":"c","name":"a","incarnation":-1,"contacts":[]}',
  '{"version":9}',
  'null',
  '\xff',
])('given %j instead, then it is refused with what to do', async (text) => {
  const on = await disk();
  on.place('/data/MEMBERSHIP', Buffer.from(text, 'latin1'));
  await expect(storeOn(on).load()).rejects.toThrow(/is damaged: remove it, and give this member an address to join by/);
});
