import { Buffer } from 'node:buffer';
import { type Log, LogError } from '@commitlog/log';
import {
  type Configuration,
  decodeConfiguration,
  type Entry,
  type Index,
  type PlacedConfiguration,
  RaftError,
  type SnapshotMeta,
  type Term,
} from '@commitlog/raft';
import { headerBytes } from '@commitlog/record';
import type { Files } from '@commitlog/runtime';
import { bufferOf, entriesOf } from './entries.js';
import { SideFile } from './side-file.js';
import { type TermRun, termIn } from './term-runs.js';

interface Remembered {
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
}

/**
 * The configurations among a log's entries, kept beside it as well: Raft must know them even where the log cannot be read. Each is
 * written here before its entry is appended, so that the file names all that the log holds. One that it names and the log does not hold,
 * since a crash came between or it was cut, tells itself by its index and term.
 */
export class Configurations {
  readonly #file: SideFile;
  #remembered: readonly Remembered[];

  private constructor(file: SideFile, remembered: readonly Remembered[]) {
    this.#file = file;
    this.#remembered = remembered;
  }

  /**
   * Reads the file. Where it cannot be read, the configurations are looked for in the log.
   *
   * @throws RaftError `ERR_RAFT_STORAGE` when neither can be read whole
   */
  static async open(directory: string, files: Files, log: Log): Promise<Configurations> {
    const file = new SideFile(directory, 'CONFIGURATIONS', files);
    const content = await file.load();
    if (content !== undefined) return new Configurations(file, JSON.parse(content.toString()) as Remembered[]);
    const found = await configurationsIn(log).catch((error: unknown) => {
      if (!(error instanceof LogError) || error.code !== 'damaged') throw error;
      const message = `${file.path} cannot be read, and the log, which holds the same, is damaged: who the members are is unknown. Nothing was changed. Rebuild this replica from its peers under a new storage id`;
      throw new RaftError('ERR_RAFT_STORAGE', message, { cause: error });
    });
    const configurations = new Configurations(file, found);
    // Of a new log, too: from now on a file that is not there is one that was lost.
    await configurations.#save();
    return configurations;
  }

  /** Those that a log with these terms holds. */
  within(runs: readonly TermRun[], lastIndex: Index): PlacedConfiguration[] {
    return this.#remembered
      .filter(({ index, term }) => termIn(runs, lastIndex, index) === term)
      .map(({ index, configuration }) => ({ index, configuration }));
  }

  /**
   * Makes durable those among entries that are about to be appended, and forgets those that stood where these are to: they were cut, or never
   * got there. Once the log starts behind them, nobody could tell any more.
   */
  async add(entries: readonly Entry[]): Promise<void> {
    const [first] = entries;
    if (first === undefined) return;
    const before = this.#remembered;
    const kept = before.filter(({ index }) => index < first.index);
    const added = entries.filter(({ type }) => type === 'configuration');
    if (added.length === 0 && kept.length === before.length) return;
    this.#remembered = [...kept, ...added.map(rememberedOf)];
    try {
      await this.#save();
    } catch (error) {
      this.#remembered = before;
      throw error;
    }
  }

  /** Forgets those up to `upTo` that are not in force there any more. */
  compact(upTo: Index): void {
    const inForce = this.at(upTo)?.index ?? 0;
    this.#remembered = this.#remembered.filter(({ index }) => index >= inForce);
  }

  /** The one in force at an index, if it is known. */
  at(upTo: Index): PlacedConfiguration | undefined {
    return this.#remembered.findLast(({ index }) => index <= upTo);
  }

  /** A snapshot has taken the log's place, and brought its own. */
  async replace({ configuration, configurationIndex }: SnapshotMeta): Promise<void> {
    // Of no term: its entry is not in the log.
    this.#remembered = [{ index: configurationIndex, term: 0, configuration }];
    await this.#save();
  }

  async #save(): Promise<void> {
    await this.#file.save(Buffer.from(JSON.stringify(this.#remembered)));
  }
}

function rememberedOf({ index, term, data }: Entry): Remembered {
  return { index, term, configuration: decodeConfiguration(bufferOf(data).subarray(headerBytes)) };
}

/** Reads the whole log. */
async function configurationsIn(log: Log): Promise<Remembered[]> {
  const found: Remembered[] = [];
  for await (const { bytes } of log.slices({ from: 'start' })) {
    for (const entry of entriesOf(bytes)) if (entry.type === 'configuration') found.push(rememberedOf(entry));
  }
  return found;
}
