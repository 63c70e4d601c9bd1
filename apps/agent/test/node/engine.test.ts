import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const megabyte = 1024 * 1024;

/** A process of its own, since the engine has one set of flags: much of what it allocates outlives a collection or two, and it says how big its rooms are. */
const program = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { tuneEngine } from './src/node/engine.ts';
  if (process.argv[1] === 'tuned') tuneEngine();
  const kept = new Array(40_000);
  for (let turn = 0; turn < 400; turn += 1) {
    for (let at = 0; at < 10_000; at += 1) kept[(turn * 10_000 + at) % kept.length] = { turn, at };
    await new Promise(setImmediate);
  }
  const { space_size: bytes } = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  console.log(bytes);
`;

async function newSpaceBytes(how: 'tuned' | 'untuned'): Promise<number> {
  const flags = ['--conditions=@commitlog/source', '--import', 'tsx', '--input-type=module', '--eval', program, how];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: new URL('../..', import.meta.url) });
  return Number(stdout);
}

it('the room for new objects grows to two halves of 4 MiB, and no further', async () => {
  expect(await newSpaceBytes('tuned')).toBe(8 * megabyte);
  expect(await newSpaceBytes('untuned'), 'left alone, it takes more').toBeGreaterThan(8 * megabyte);
});
