import { crc32 } from 'node:zlib';
import {
  decodeConfiguration,
  type Entry,
  type HardState,
  type RaftStorage,
  type StorageOperation,
  UnreadableError,
} from '@commitlog/raft';
import { headerBytes } from '@commitlog/record';

/** What a member's disk is to hold, in the simplest form. */
export interface DiskState {
  readonly hardState: HardState;
  readonly snapshot: { readonly id: string; readonly data: string } | null;
  readonly start: { readonly index: number; readonly term: number };
  readonly entries: readonly Entry[];
  /** Entries that need not be readable. */
  readonly rotten: ReadonlySet<number>;
}

export const emptyDisk: DiskState = {
  hardState: { term: 0, vote: null, commit: 0 },
  snapshot: null,
  start: { index: 0, term: 0 },
  entries: [],
  rotten: new Set(),
};

/**
 * The states that a disk goes through while it does these operations, the first as it is, the last when all is done. Between two of
 * these there is nothing that a restart may show.
 */
export function statesOf(from: DiskState, operations: readonly StorageOperation[]): DiskState[] {
  const states = [from];
  let staged: Buffer[] = [];
  const now = (): DiskState => states.at(-1)!;
  const go = (change: Partial<DiskState>): void => void states.push({ ...now(), ...change });
  for (const operation of operations) {
    if (operation.kind === 'stage-chunk') {
      if (operation.offset === 0) staged = [];
      staged.push(Buffer.from(operation.data));
    } else if (operation.kind === 'save-snapshot') {
      const { snapshot, data, logStart } = operation;
      go({ snapshot: { id: snapshot.id, data: Buffer.from(data).toString() } });
      if (logStart > now().start.index) go(trimmed(now(), logStart));
    } else {
      const { hardState, install, truncateFrom, repairs, entries } = operation;
      if (hardState !== undefined) go({ hardState });
      if (truncateFrom !== undefined) go({ entries: now().entries.filter(({ index }) => index < truncateFrom) });
      if (install !== undefined) {
        const snapshot = { id: install.id, data: Buffer.concat(staged).toString() };
        const isHeld = now().entries.some(({ index, term }) => index === install.index && term === install.term);
        const { index, term } = install;
        if (isHeld) {
          go({ snapshot });
          go(trimmed(now(), index));
        } else go({ snapshot, start: { index, term }, entries: [], rotten: new Set() });
      }
      for (const { index } of repairs) go({ rotten: new Set([...now().rotten].filter((each) => each !== index)) });
      for (const entry of entries) go({ entries: [...now().entries, entry] });
    }
  }
  return states;
}

function trimmed(state: DiskState, upTo: number): Partial<DiskState> {
  const last = state.entries.find(({ index }) => index === upTo)!;
  return { start: { index: upTo, term: last.term }, entries: state.entries.filter(({ index }) => index > upTo) };
}

/** What a storage shows, as text, so that a difference can be read; and the entries that it cannot read. */
export async function shown(
  storage: RaftStorage,
): Promise<{ readonly text: string; readonly unreadable: readonly number[] }> {
  const { hardState, snapshot, start, lastIndex, terms, configurations, unreadable: known } = await storage.load();
  const unreadable = new Set(known);
  const data: string[] = [];
  for (let index = start.index + 1; index <= lastIndex; index += 1) {
    const entry = await readOne(storage, index);
    if (entry === null) unreadable.add(index);
    else data.push(describe(entry));
  }
  const part = snapshot && (await storage.readSnapshot(snapshot.id, 0, 1_000_000));
  const saved = snapshot && { id: snapshot.id, data: Buffer.from(part!.data).toString() };
  return {
    text: text({ hardState, saved, start, lastIndex, terms, configurations, data }),
    unreadable: [...unreadable],
  };
}

/** A sealed segment is read when somebody wants it: only then does damage show. */
async function readOne(storage: RaftStorage, index: number): Promise<Entry | null> {
  try {
    const [entry] = await storage.read(index, index, 1);
    return entry!;
  } catch (error) {
    if (error instanceof UnreadableError) return null;
    throw error;
  }
}

/** What a storage in this state must show, when it cannot read these entries. */
export function expected(state: DiskState, unreadable: readonly number[]): string {
  const { hardState, snapshot: saved, start, entries } = state;
  const last = entries.at(-1) ?? start;
  // An entry proves that its term began.
  const isBehind = last.term > hardState.term;
  return text({
    hardState: isBehind ? { ...hardState, term: last.term, vote: null } : hardState,
    saved,
    start,
    lastIndex: last.index,
    terms: entries
      .filter(({ term }, at) => term !== entries[at - 1]?.term)
      .map(({ index, term }) => ({ first: index, term })),
    configurations: entries
      .filter(({ type }) => type === 'configuration')
      .map(({ index, data }) => ({ index, configuration: decodeConfiguration(data.subarray(headerBytes)) })),
    data: entries.filter(({ index }) => !unreadable.includes(index)).map(describe),
  });
}

function describe({ index, term, type, data }: Entry): string {
  return `${index}/${term} ${type} ${data.byteLength} bytes, crc ${crc32(data)}`;
}

function text(shownState: Record<string, unknown>): string {
  return JSON.stringify(shownState);
}
