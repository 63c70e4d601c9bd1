import {
  type Entry,
  encodeConfiguration,
  type SnapshotMeta,
  type StorageOperation,
  UnreadableError,
} from '@commitlog/raft';
import { type DiskImage, faults, SeededRandom, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { encodeState, stateFrom } from '../src/derived-state.js';
import { LogStorage } from '../src/index.js';
import { controlBatchAt, dataEntry } from './entries.js';
import { type DiskState, emptyDisk, expected, shown, statesOf } from './model.js';

/** The smallest that a log takes: a few of the entries below fill one. */
const settings = { dir: '/member', segmentBytes: 4096 };
const voters = ['a@1', 'b@1', 'c@1'] as const;

/** A moment at which the power goes: before one operation of the disk. */
interface CrashPoint {
  readonly what: string;
  readonly image: DiskImage;
  readonly allowed: readonly DiskState[];
}

/** A storage that is used as Raft uses it, and every moment of its disk. */
class Story {
  readonly points: CrashPoint[] = [];
  readonly #disk = new SimulatedDisk();
  #storage!: LogStorage;
  #allowed: readonly DiskState[] = [emptyDisk];
  #what = 'open';

  get storage(): LogStorage {
    return this.#storage;
  }

  get disk(): SimulatedDisk {
    return this.#disk;
  }

  get state(): DiskState {
    return this.#allowed.at(-1)!;
  }

  /** What rots is the medium: from now on these entries need not be readable. */
  set state(state: DiskState) {
    this.#allowed = [state];
  }

  async open(): Promise<void> {
    this.#what = 'open';
    this.#disk.onOperation = ({ method, path }) => {
      if (method === 'read' || method === 'list' || method === 'open') return;
      const what = `${this.#what}: ${method} ${path}`;
      this.points.push({ what, image: this.#disk.image(), allowed: this.#allowed });
    };
    this.#storage = await openOn(this.#disk);
  }

  async write(what: string, ...operations: readonly StorageOperation[]): Promise<void> {
    this.#what = what;
    const states = statesOf(this.state, operations);
    this.#allowed = states;
    await this.#storage.write(operations);
    this.#allowed = [states.at(-1)!];
  }

  async close(): Promise<void> {
    this.#what = 'close';
    await this.#storage.close();
  }
}

function openOn(disk: SimulatedDisk): Promise<LogStorage> {
  return LogStorage.open(settings, { files: disk.files, clock: new SimulatedClock() });
}

function persist(given: Partial<Extract<StorageOperation, { kind: 'persist' }>>): StorageOperation {
  return { kind: 'persist', entries: [], repairs: [], ...given };
}

function big(index: number, term: number, baseOffset = index - 2): Entry {
  return dataEntry(index, term, `${index}/${term} `.padEnd(900, '.'), baseOffset);
}

function bigs(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => big(first + at, term));
}

/** Its first entry, a configuration, takes no offset. */
function configurationEntry(index: number, term: number, learner?: 'd@1'): Entry {
  const learners = learner === undefined ? [] : [learner];
  const body = encodeConfiguration({ voters, outgoing: [], learners });
  return {
    index,
    term,
    type: 'configuration',
    data: controlBatchAt('configuration', index, term, Math.max(0, index - 2), body),
  };
}

function snapshotAt(index: number, term: number, id = `snapshot ${index}`): { meta: SnapshotMeta; data: Buffer } {
  const configuration = { voters, outgoing: [], learners: [] };
  const data = encodeState(stateFrom({ index, term, nextOffset: index - 1, appendTime: 0 }));
  return { meta: { id, index, term, configuration, configurationIndex: 1 }, data };
}

function staged({ meta, data }: { meta: SnapshotMeta; data: Buffer }): StorageOperation[] {
  return [
    { kind: 'stage-chunk', snapshot: meta, offset: 0, data: data.subarray(0, 20) },
    { kind: 'stage-chunk', snapshot: meta, offset: 20, data: data.subarray(20) },
  ];
}

/** Opens what a crash has left: it must be one of the states allowed. Then it goes on, and starts once more. */
async function judge(disk: SimulatedDisk, allowed: readonly DiskState[]): Promise<string | undefined> {
  const storage = await openOn(disk);
  const { text, unreadable } = await shown(storage);
  const found = allowed.find(
    (state) => unreadable.every((index) => state.rotten.has(index)) && expected(state, unreadable) === text,
  );
  if (found === undefined)
    return `found ${text}, unreadable ${unreadable}; expected one of ${allowed.map((state) => expected(state, unreadable)).join(' or ')}`;
  const { index, nextOffset } = storage.log.tail;
  const term = 50;
  const goesOn = [
    persist({
      hardState: { term, vote: 'b@1', commit: 0 },
      entries: [dataEntry(index + 1, term, 'on', nextOffset)],
    }),
  ];
  await storage.write(goesOn);
  await storage.close();
  const again = await openOn(disk);
  const after = await shown(again);
  await again.close();
  const wanted = expected(statesOf(found, goesOn).at(-1)!, after.unreadable);
  return after.text === wanted ? undefined : `after a restart: found ${after.text}, expected ${wanted}`;
}

async function told(): Promise<CrashPoint[]> {
  const story = new Story();
  await story.open();
  const hardState = { term: 1, vote: 'a@1' as const, commit: 0 };
  await story.write('found', persist({ hardState, entries: [configurationEntry(1, 1)] }));
  await story.write('append', persist({ entries: bigs(2, 3, 1) }), persist({ entries: bigs(4, 9, 1) }));
  await story.write('hard state alone', persist({ hardState: { term: 2, vote: 'b@1', commit: 5 } }));
  await story.write(
    'configuration',
    persist({ entries: [configurationEntry(10, 2, 'd@1'), big(11, 2), big(12, 2)].map(shifted) }),
  );
  await story.write(
    'hard state, cut and entries',
    persist({ hardState: { term: 3, vote: 'c@1', commit: 8 }, truncateFrom: 9, entries: bigs(9, 14, 3) }),
    persist({ entries: bigs(15, 16, 3) }),
  );
  await story.write('cut alone', persist({ truncateFrom: 16 }));
  const own = snapshotAt(6, 1);
  await story.write('save a snapshot', { kind: 'save-snapshot', snapshot: own.meta, data: own.data, logStart: 5 });
  await story.write('append', persist({ entries: bigs(16, 18, 3) }));
  const mending = snapshotAt(8, 1);
  await story.write('install what the log holds', ...staged(mending), persist({ install: mending.meta }));
  await rotAndMend(story, 11, 12);
  const foreign = snapshotAt(14, 5);
  await story.write(
    'install in place of the log',
    ...staged(foreign),
    persist({ hardState: { term: 5, vote: null, commit: 14 }, install: foreign.meta, truncateFrom: 15 }),
  );
  await story.write('append behind a snapshot', persist({ entries: bigs(15, 18, 5) }));
  await story.close();
  await story.open();
  await story.write('append after a restart', persist({ entries: bigs(19, 20, 5) }));
  await story.close();
  return story.points;
}

/** Behind the second configuration there is one offset less than in a log with one. */
function shifted(entry: Entry, at: number): Entry {
  return at === 0 ? entry : big(entry.index, entry.term, entry.index - 3);
}

/** Two entries of one sealed segment cannot be read any more, and are sent one after the other. */
async function rotAndMend(story: Story, ...indexes: readonly [number, number]): Promise<void> {
  const { log } = story.storage;
  const segment = log.segments.find(({ base, end }) => base.index < indexes[0] && end.index >= indexes[1])!;
  const path = story.disk.paths().find((each) => each.endsWith(`-${segment.id}.log`))!;
  for (const index of indexes) {
    const at = Buffer.from(story.disk.bytesOf(path)).indexOf(big(index, 3).data);
    story.disk.flipBit(path, (at + 100) * 8);
  }
  story.state = { ...story.state, rotten: new Set(indexes) };
  await expect(story.storage.read(indexes[0], 14, 1_000_000)).rejects.toThrow(UnreadableError);
  await story.write('first repair', persist({ repairs: [big(indexes[0], 3)] }));
  expect((await story.storage.read(indexes[0], indexes[0], 1)).length).toBe(1);
  await story.write('last repair', persist({ repairs: [big(indexes[1], 3)] }));
  expect(log.damage).toEqual([]);
}

test('given a power cut before any operation of the disk, in any way, then what was written is there and the rest is not, or whole', async () => {
  const points = await told();
  const kinds = new Set(points.map(({ what }) => what.split(':')[0]));
  expect(kinds.size).toBeGreaterThan(12);
  let states = 0;
  const failures: string[] = [];
  for (const [number, { what, image, allowed }] of points.entries()) {
    const random = new SeededRandom(`crash ${number}`);
    // Half of the faults at each operation, the others at the next: every kind of write meets all of them.
    const some = faults.filter((_, at) => (at + number) % 2 === 0);
    for (const { fault, description, disk } of new SimulatedDisk({}, image).crashStates({
      random,
      variantsMax: 1,
      faults: some,
    })) {
      states += 1;
      const wrong = await judge(disk, allowed).catch((error: unknown) =>
        String(error instanceof Error ? error.stack : error),
      );
      if (wrong !== undefined) failures.push(`${what}, ${fault} (${description}): ${wrong}`);
    }
  }
  expect(failures.slice(0, 3)).toEqual([]);
  expect(states).toBeGreaterThan(1000);
}, 120_000);
