import { beforeEach, describe, expect, it } from 'vitest';
import { AuthError } from '../src/index.js';
import { WatchedFiles } from '../src/watched-files.js';
import { World } from './world.js';

let world: World;
/** What was put to use, and why other contents were not. */
let applied: string[];
let refused: string[];
/** What is wrong with contents, by what they say. */
let problems: Map<string, () => Error | undefined>;
let watched: WatchedFiles;

beforeEach(async () => {
  world = new World();
  [applied, refused, problems] = [[], [], new Map()];
  world.put('/file', 'good');
  watched = new WatchedFiles(
    { watched: [{ path: '/file', bytesMax: 100 }], pollMs: 1000 },
    {
      files: world.files,
      clock: world.clock,
      apply: async ([content]) => {
        const problem = problems.get(`${content}`)?.();
        if (problem !== undefined) throw problem;
        applied.push(`${content}`);
      },
      onRefused: (reason) => refused.push(reason),
    },
  );
  await watched.load();
});

describe('contents that are refused', () => {
  it('are told of once, however often they are looked at, and anew when they or the reason are others', async () => {
    let reason = 'odd';
    for (const content of ['bad', 'worse']) problems.set(content, () => new Error(reason));
    world.put('/file', 'bad');
    for (let times = 0; times < 3; times += 1) expect(await watched.reload()).toBe(false);
    expect(refused).toEqual(['odd']);
    reason = 'odder';
    await watched.reload();
    world.put('/file', 'worse');
    await watched.reload();
    expect(refused).toEqual(['odd', 'odder', 'odder']);
    world.put('/file', 'good');
    await watched.reload();
    world.put('/file', 'worse');
    await watched.reload();
    expect(refused).toHaveLength(4);
    expect(applied).toEqual(['good', 'good']);
  });

  it('are tried again when their time has come, and no sooner', async () => {
    const againAtMs = world.clock.wallMs() + 60_000;
    let tries = 0;
    problems.set('early', () => {
      tries += 1;
      return world.clock.wallMs() < againAtMs ? new AuthError('certificates', 'too early', { againAtMs }) : undefined;
    });
    watched.start();
    world.put('/file', 'early');
    await world.pass(59_000);
    expect([tries, refused, applied]).toEqual([1, ['too early'], ['good']]);
    await world.pass(5000);
    expect([tries, refused, applied]).toEqual([2, ['too early'], ['good', 'early']]);
    await watched.stop();
  });
});
