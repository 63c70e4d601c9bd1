import type { OpenFile } from '@commitlog/runtime';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { pageBytes } from '../../src/disk/content.js';
import { type Fault, faults, SeededRandom, SimulatedDisk } from '../../src/index.js';

let disk: SimulatedDisk;
beforeEach(async () => {
  disk = new SimulatedDisk();
  await disk.files.makeDirectory('/data');
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function write(path: string, content: string | Uint8Array, position = 0): Promise<OpenFile> {
  const isThere = disk.paths().includes(path);
  const file = await disk.files.open(path, isThere ? 'write' : 'create');
  file.write([typeof content === 'string' ? bytes(content) : content], position);
  return file;
}

/** Everything on a disk, for comparing: each path with what is in it. */
function contents(found: SimulatedDisk): Record<string, string> {
  return Object.fromEntries(found.paths().map((path) => [path, Buffer.from(found.bytesOf(path)).toString('latin1')]));
}

function statesOf(fault: Fault, variantsMax = 64): Record<string, string>[] {
  const states = disk.crashStates({ random: new SeededRandom('crash'), faults: [fault], variantsMax });
  return [...states].map((state) => contents(state.disk));
}

/** What one file holds in each state of a fault; `undefined` where it has no name. */
const variantsOf = (fault: Fault, path: string, variantsMax?: number): (string | undefined)[] =>
  statesOf(fault, variantsMax).map((state) => state[path]);

describe('given a new file, written and not synced', () => {
  beforeEach(async () => {
    await write('/data/a', 'text');
  });

  test('`kept`: it is all there', () => expect(variantsOf('kept', '/data/a')).toEqual(['text']));
  test('`lost`: it was never there', () => expect(variantsOf('lost', '/data/a')).toEqual([undefined]));
  test('`bytes-lost`: it is there, and empty', () => expect(variantsOf('bytes-lost', '/data/a')).toEqual(['']));
  test('`names-lost`: it has no name', () => expect(variantsOf('names-lost', '/data/a')).toEqual([undefined]));
  test('`torn`: it is cut at every byte', () => expect(variantsOf('torn', '/data/a')).toEqual(['', 't', 'te', 'tex']));
  test('`zeros`: it has its length and no data', () => expect(variantsOf('zeros', '/data/a')).toEqual(['\0\0\0\0']));
  test('`pages`: there is one page, all or nothing', () => expect(variantsOf('pages', '/data/a')).toEqual(['']));
  test('syncing it saves its bytes, not its name', async () => {
    await (await disk.files.open('/data/a', 'read')).sync();
    expect(variantsOf('lost', '/data/a')).toEqual([undefined]);
    expect(variantsOf('bytes-lost', '/data/a')).toEqual([]);
  });
  test('syncing the directory saves its name, not its bytes', async () => {
    await disk.files.syncDirectory('/data');
    expect(variantsOf('lost', '/data/a')).toEqual(['']);
    expect(variantsOf('names-lost', '/data/a')).toEqual([]);
  });
});

describe('given several writes to one file', () => {
  test('`torn` stops within any of them, and keeps nothing behind', async () => {
    const file = await write('/data/a', 'ab');
    file.write([bytes('cd')], 2);
    expect(variantsOf('torn', '/data/a')).toEqual(['', 'a', 'ab', 'abc']);
  });

  test('`torn` cuts long writes at the seams of their buffers and at pages, a byte either side', async () => {
    const file = await disk.files.open('/data/a', 'create');
    file.write([new Uint8Array(1_000).fill(1), new Uint8Array(9_000).fill(1)], 0);
    const lengths = variantsOf('torn', '/data/a').map((found) => found?.length);
    expect(lengths).toEqual(
      expect.arrayContaining([0, 1, 999, 1_000, 1_001, 4_095, 4_096, 4_097, 8_191, 8_192, 8_193, 9_999]),
    );
    expect(lengths.length).toBeGreaterThan(40);
    expect(lengths).not.toContain(10_000);
  });

  test('`pages` finds every page there or not, in any combination, and zeros where one is missing before another', async () => {
    const page = (letter: string): Uint8Array => new Uint8Array(pageBytes).fill(letter.charCodeAt(0));
    const file = await write('/data/a', Buffer.concat([page('a'), page('b')]));
    file.write([page('c')], 2 * pageBytes);
    const summary = (found: string | undefined): string =>
      [0, 1, 2].map((at) => found?.[at * pageBytes]?.replace('\0', '0') ?? '-').join('');
    const found = variantsOf('pages', '/data/a').map(summary);
    expect(found.sort()).toEqual(['---', '00c', '0b-', '0bc', 'a--', 'a0c', 'ab-']);
  });

  test('`pages` keeps the old bytes where an overwriting page is missing', async () => {
    disk.place('/data/a', new Uint8Array(2 * pageBytes).fill(1));
    await write('/data/a', new Uint8Array(2 * pageBytes).fill(2));
    const found = variantsOf('pages', '/data/a').map((content) => [content?.charCodeAt(0), content?.charCodeAt(5_000)]);
    expect(found.map(String).sort()).toEqual(['1,1', '1,2', '2,1']);
  });

  test('`pages` mixes the pages of different files: the later write may be there without the earlier', async () => {
    disk.place('/data/data', bytes('old'));
    disk.place('/data/mark', bytes('old'));
    await write('/data/data', 'new');
    await write('/data/mark', 'new');
    expect(statesOf('pages')).toContainEqual({ '/data/data': 'old', '/data/mark': 'new' });
  });

  test('`zeros` has the whole length and any number of pages of data', async () => {
    disk.place('/data/a', bytes('old'));
    await write('/data/a', new Uint8Array(2 * pageBytes).fill(7), 3);
    const found = variantsOf('zeros', '/data/a');
    expect(found.map((content) => content?.length)).toEqual([8_195, 8_195, 8_195]);
    const sevens = found.map((content) => (content?.split('\x07').length ?? 0) - 1);
    expect(sevens).toEqual([0, pageBytes - 3, 2 * pageBytes - 3]);
    expect(found.every((content) => content?.startsWith('old'))).toBe(true);
  });

  test('`zeros` has nothing to take from a file that has not grown', async () => {
    disk.place('/data/a', bytes('old text'));
    await write('/data/a', 'new');
    expect(variantsOf('zeros', '/data/a')).toEqual([]);
  });

  test('a truncation may be lost, or come without the write that followed it', async () => {
    disk.place('/data/a', bytes('long old text'));
    const file = await disk.files.open('/data/a', 'write');
    await file.resize(4);
    file.write([bytes(' new')], 4);
    expect(variantsOf('lost', '/data/a')).toEqual(['long old text']);
    expect(variantsOf('torn', '/data/a')).toEqual(expect.arrayContaining(['long old text', 'long', 'long n']));
    expect(new Set(variantsOf('pages', '/data/a'))).toEqual(new Set(['long', 'long new text', 'long old text']));
  });
});

test('`mixed` finds what no other fault does: one file torn, another lost, and a name gone', async () => {
  disk.place('/data/b', bytes('old'));
  await write('/data/a', 'torn');
  await write('/data/b', 'new');
  await write('/data/c', 'nameless');
  const isSuchAState = (state: Record<string, string>): boolean =>
    ['t', 'to', 'tor'].includes(state['/data/a'] ?? '') && state['/data/b'] === 'old' && !('/data/c' in state);
  expect(statesOf('mixed', 500).some(isSuchAState)).toBe(true);
  const others = faults.filter((fault) => fault !== 'mixed');
  expect(others.some((fault) => statesOf(fault, 500).some(isSuchAState))).toBe(false);
});

describe('given changes of names', () => {
  test('a file that was written aside and renamed is the old or the new one, whole if it was synced', async () => {
    disk.place('/data/MANIFEST', bytes('old'));
    const file = await write('/data/MANIFEST.new', 'new');
    await file.sync();
    await disk.files.rename('/data/MANIFEST.new', '/data/MANIFEST');
    for (const fault of faults) expect(['old', 'new']).toContain(statesOf(fault)[0]?.['/data/MANIFEST'] ?? 'old');
    expect(new Set(variantsOf('names-lost', '/data/MANIFEST'))).toEqual(new Set(['old', 'new']));
  });

  test('a file that was renamed without a sync may replace the old one and be empty', async () => {
    disk.place('/data/MANIFEST', bytes('old'));
    await write('/data/MANIFEST.new', 'new');
    await disk.files.rename('/data/MANIFEST.new', '/data/MANIFEST');
    expect(variantsOf('bytes-lost', '/data/MANIFEST')).toEqual(['']);
    expect(variantsOf('torn', '/data/MANIFEST')).toContain('n');
  });

  test('a later change may be there without an earlier one', async () => {
    disk.place('/data/old', bytes('old'));
    await (await write('/data/new', 'new')).sync();
    await disk.files.remove('/data/old');
    expect(statesOf('names-lost')).toEqual(
      expect.arrayContaining([{ '/data/old': 'old' }, { '/data/new': 'new', '/data/old': 'old' }, {}]),
    );
  });

  test('a file that was made and removed again may be there', async () => {
    await (await write('/data/a', 'text')).sync();
    await disk.files.remove('/data/a');
    expect(statesOf('names-lost')).toEqual([{}, { '/data/a': 'text' }, {}]);
  });

  test('a rename that is there without those before it takes no name from another file', async () => {
    disk.place('/data/a', bytes('one'));
    await disk.files.rename('/data/a', '/data/b');
    await (await write('/data/a', 'two')).sync();
    await disk.files.rename('/data/a', '/data/c');
    expect(statesOf('names-lost')).toContainEqual({ '/data/a': 'one', '/data/c': 'two' });
  });

  test('a removal may come back, with what the file held', async () => {
    disk.place('/data/a', bytes('back'));
    await disk.files.remove('/data/a');
    expect(variantsOf('lost', '/data/a')).toEqual(['back']);
    await disk.files.syncDirectory('/data');
    expect(variantsOf('lost', '/data/a')).toEqual([]);
  });

  test('half a rename between directories leaves both names, of two files then, or none', async () => {
    await disk.files.makeDirectory('/other');
    disk.place('/data/a', bytes('text'));
    await disk.files.rename('/data/a', '/other/b');
    const found = [...disk.crashStates({ random: new SeededRandom(1), faults: ['names-lost'] })];
    expect(found.map((state) => state.disk.paths())).toEqual(expect.arrayContaining([['/data/a', '/other/b'], []]));
    const both = found.find((state) => state.disk.paths().length === 2)!.disk;
    (await both.files.open('/data/a', 'write')).write([bytes('T')], 0);
    expect(contents(both)).toEqual({ '/data/a': 'Text', '/other/b': 'text' });
    expect(both.usedBytes).toBe(8);
  });

  test('a directory is there once `makeDirectory` has returned', async () => {
    await disk.files.makeDirectory('/data/x/y');
    for (const { disk: found } of disk.crashStates({ random: new SeededRandom(1) })) {
      expect(await found.files.list('/data/x')).toEqual(['y']);
    }
  });

  test('a directory may take the name of a file whose removal is not durable yet', async () => {
    disk.place('/data/x', bytes('file'));
    await disk.files.remove('/data/x');
    await disk.files.makeDirectory('/data/x');
    for (const { disk: found } of disk.crashStates({ random: new SeededRandom(1) })) {
      expect(await found.files.list('/data/x')).toEqual([]);
    }
  });
});

describe('the states', () => {
  test('are disks of their own, with everything durable', async () => {
    await write('/data/a', 'text');
    const crashed = disk.crash('torn', new SeededRandom(1));
    const before = contents(crashed);
    await write('/data/a', 'more');
    expect(contents(crashed)).toEqual(before);
    for (const fault of faults) expect(contents(crashed.crash(fault, new SeededRandom(2)))).toEqual(before);
    const again = await crashed.files.open('/data/a', 'write');
    again.write([bytes('crashed')], 0);
    expect(contents(disk)).toEqual({ '/data/a': 'more' });
  });

  test('are those of the moment of asking, however late they are iterated', async () => {
    const file = await write('/data/a', 'then');
    const states = disk.crashStates({ random: new SeededRandom(1), faults: ['kept'] });
    file.write([bytes('now ')], 0);
    expect([...states].map((state) => contents(state.disk))).toEqual([{ '/data/a': 'then' }]);
  });

  test('of a disk with nothing unsynced are one', () => {
    disk.place('/data/a', bytes('text'));
    expect([...disk.crashStates({ random: new SeededRandom(1) })].map(({ fault }) => fault)).toEqual(['kept']);
    expect(contents(disk.crash('torn', new SeededRandom(1)))).toEqual({ '/data/a': 'text' });
  });

  test('of each fault number at most as many as asked for', async () => {
    for (let file = 0; file < 10; file++) await write(`/data/${file}`, new Uint8Array(20_000));
    for (const fault of faults) {
      const count = statesOf(fault, 20).length;
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(20);
    }
  });

  test('say in words which variant they are', async () => {
    await write('/data/a', 'ab');
    const states = [...disk.crashStates({ random: new SeededRandom(1), faults: ['torn', 'names-lost'] })];
    expect(states.map(({ fault, description }) => `${fault}: ${description}`)).toEqual([
      'torn: /data/a: pending change 1 of 1 torn after 0 bytes',
      'torn: /data/a: pending change 1 of 1 torn after 1 bytes',
      'names-lost: names written back: none of 1',
    ]);
  });
});

/** A program that does anything a program may do, as data. */
const name = fc.constantFrom('/data/a', '/data/b', '/data/c');
const action = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    path: name,
    position: fc.integer({ min: 0, max: 9_000 }),
    length: fc.integer({ min: 1, max: 9_000 }),
  }),
  fc.record({ kind: fc.constant('resize' as const), path: name, length: fc.integer({ min: 0, max: 9_000 }) }),
  fc.record({ kind: fc.constant('rename' as const), path: name, to: name }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'sync' as const), path: name }),
  fc.record({ kind: fc.constant('syncDirectory' as const) }),
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

/** A file as the simplest of disks would have it: what it holds, and what it held at its last sync. */
interface ModelFile {
  cached: string;
  durable: string;
}

/** What a program leaves on the simulated disk, and what it leaves on the simplest of disks. */
async function run(steps: readonly Action[]): Promise<{ target: SimulatedDisk; names: Names; durableNames: Names }> {
  const target = new SimulatedDisk();
  const { files } = target;
  const names: Names = new Map();
  let durableNames: Names = new Map();
  await files.makeDirectory('/data');
  for (const [at, step] of steps.entries()) {
    if (step.kind === 'syncDirectory') {
      await files.syncDirectory('/data');
      durableNames = new Map(names);
      continue;
    }
    const known = names.get(step.path);
    if (step.kind === 'rename' || step.kind === 'remove') {
      if (known === undefined) continue;
      await (step.kind === 'rename' ? files.rename(step.path, step.to) : files.remove(step.path));
      names.delete(step.path);
      if (step.kind === 'rename') names.set(step.to, known);
      continue;
    }
    const model = known ?? { cached: '', durable: '' };
    names.set(step.path, model);
    const file = await files.open(step.path, known === undefined ? 'create' : 'write');
    if (step.kind === 'write') {
      file.write([new Uint8Array(step.length).fill(at + 1)], step.position);
      const before = model.cached.slice(0, step.position).padEnd(step.position, '\0');
      const written = String.fromCharCode(at + 1).repeat(step.length);
      model.cached = before + written + model.cached.slice(step.position + step.length);
    } else if (step.kind === 'resize') {
      await file.resize(step.length);
      model.cached = model.cached.slice(0, step.length).padEnd(step.length, '\0');
    } else {
      await file.sync();
      model.durable = model.cached;
    }
    await file.close();
    if (at % 3 === 0) target.image();
  }
  return { target, names, durableNames };
}

type Names = Map<string, ModelFile>;

/** The files of the simplest disk, for comparing with `contents`. */
function modelled(names: Names, bytesOf: 'cached' | 'durable'): Record<string, string> {
  return Object.fromEntries([...names].map(([path, file]) => [path, file[bytesOf]]));
}

/** Whether two disks hold the same, in a form that fast-check can shrink quickly. */
function expectSame(found: Record<string, string>, expected: Record<string, string>): void {
  const paths = Object.keys(expected);
  expect(Object.keys(found).length).toBe(paths.length);
  expect(paths.every((path) => found[path] === expected[path])).toBe(true);
}

const program = fc.array(action, { maxLength: 25, size: 'max' });

describe('whatever a program does', () => {
  const found = (target: SimulatedDisk, fault: Fault): Record<string, string> =>
    contents(target.crash(fault, new SeededRandom(1)));

  test('a power cut keeps what was synced: bytes as of the last `sync`, names as of the last `syncDirectory`', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const { target, names, durableNames } = await run(steps);
        expectSame(contents(target), modelled(names, 'cached'));
        expectSame(contents(target.clone()), modelled(names, 'cached'));
        expectSame(found(target, 'kept'), modelled(names, 'cached'));
        expectSame(found(target, 'bytes-lost'), modelled(names, 'durable'));
        expectSame(found(target, 'lost'), modelled(durableNames, 'durable'));
      }),
    );
  });

  test('once its files and directory are synced, no fault takes anything away', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const { target, names } = await run(steps);
        for (const path of target.paths()) await (await target.files.open(path, 'read')).sync();
        await target.files.syncDirectory('/data');
        for (const state of target.crashStates({ random: new SeededRandom(1), variantsMax: 8 })) {
          expectSame(contents(state.disk), modelled(names, 'cached'));
        }
      }),
    );
  });

  test('no fault touches a file that is synced, while others are not', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const { target } = await run(steps);
        target.place('/safe', bytes('synced'));
        for (const state of target.crashStates({ random: new SeededRandom(1), variantsMax: 4 })) {
          expect(contents(state.disk)['/safe']).toBe('synced');
        }
      }),
      { numRuns: 30 },
    );
  });

  test('the used bytes are the lengths of the files', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const { target, names } = await run(steps);
        const length = (files: Record<string, string>): number => Object.values(files).join('').length;
        expect(target.usedBytes).toBe(length(modelled(names, 'cached')));
        expect(target.clone().usedBytes).toBe(target.usedBytes);
        const crashed = target.crash('mixed', new SeededRandom(1));
        expect(crashed.usedBytes).toBe(length(contents(crashed)));
      }),
    );
  });

  test('the same seed finds the same states in the same order, and looking leaves the disk as it was', async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.string(), async (steps, seed) => {
        const { target } = await run(steps);
        const look = (): string => {
          const states = [...target.crashStates({ random: new SeededRandom(seed), variantsMax: 8 })];
          return JSON.stringify(states.map((state) => [state.fault, state.description, contents(state.disk)]));
        };
        const first = look();
        expect(look() === first).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('no variant of a fault is tried twice', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const { target } = await run(steps);
        for (const fault of ['torn', 'pages', 'names-lost'] as const) {
          const states = [...target.crashStates({ random: new SeededRandom(1), faults: [fault], variantsMax: 16 })];
          expect(new Set(states.map(({ description }) => description)).size).toBe(states.length);
        }
      }),
      { numRuns: 30 },
    );
  });
});
