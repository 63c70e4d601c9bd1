import { type Verification, verifyLog } from '@commitlog/log';
import { expect, it } from 'vitest';
import { appendBig, big, refused, valuesOf, World, words } from '../world.js';

async function verified(world: World): Promise<Verification> {
  return await verifyLog({ dir: '/log' }, { files: world.disk.files });
}

// It was called sound, and could not be opened.
it('given a log whose last good batch lies below its start, when it is verified, then that is damage, as it is to who opens it', async () => {
  const world = new World();
  const log = await world.open({ segmentBytes: 1 << 20 });
  await appendBig(log, 1, 2);
  const mark = world.bytesOf('SYNCED');
  await appendBig(log, 3, 10);
  await log.trimBefore(8);
  await log.close();
  expect((await verified(world)).isSound).toBe(true);
  // Both have decayed: the mark is of the time before, and a batch that was synced since is bad.
  world.place('SYNCED', mark);
  world.damage(log, 4, 'header');
  const { isSound, findings } = await verified(world);
  expect(isSound).toBe(false);
  const damage = findings.filter(({ severity }) => severity === 'damage');
  expect(damage).toMatchObject([{ file: '00000000000000000001-1.log', message: expect.stringContaining('index 7') }]);
  await refused(world.open(), 'corrupt');
});

// It was noted as what the next start removes, by every start, and every start kept it.
it('given an index of the active segment, left by a roll that failed, when the log was opened again, then there is none', async () => {
  const world = new World();
  const log = await world.open();
  await appendBig(log, 1, 3);
  world.disk.inject({ method: 'open', path: /-2\.log$/, code: 'EMFILE' });
  await refused(log.append(big('x')), 'too-many-files');
  await log.close();
  const index = '00000000000000000001-1.index';
  expect((await verified(world)).findings).toMatchObject([{ severity: 'note', file: index }]);
  const again = await world.open();
  expect(world.names).not.toContain(index);
  expect((await verified(world)).findings).toEqual([]);
  expect(await valuesOf(again)).toEqual(words(1, 3));
});
