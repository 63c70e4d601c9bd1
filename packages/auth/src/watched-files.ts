import { createHash } from 'node:crypto';
import type { Clock, Files, Timer } from '@commitlog/runtime';
import { wordsOf } from './errors.js';
import { readSmallFile, type SmallFile } from './small-file.js';

export interface WatchedFilesSettings {
  readonly watched: readonly SmallFile[];
  /** How often they are looked at, in ms. */
  readonly pollMs: number;
}

export interface WatchedFilesComponents {
  readonly files: Files;
  readonly clock: Clock;
  /** Puts new contents to use, in the order of `watched`: as a whole, or, when it throws, not at all. */
  readonly apply: (contents: readonly Buffer[]) => Promise<void>;
  /**
   * Puts to use what stands by itself of contents that were refused as a whole.
   *
   * @param contents in the order of `watched`; `undefined` for a file that cannot be read
   */
  readonly applyPart?: (contents: readonly (Buffer | undefined)[]) => Promise<void>;
  /** Told why new contents were refused, once for each contents. The old ones still hold. */
  readonly onRefused: (reason: string) => void;
}

/**
 * Files that are read again when they change. They are polled, since notifications of a file system miss what is renamed or
 * mounted over (Kubernetes does both), and read whole, since a time stamp misses a change within its grain.
 *
 * Somebody writes them while we look. So a change counts only when two looks in a row have found the same, and what is then
 * refused is tried again as soon as it is different.
 */
export class WatchedFiles {
  readonly #settings: WatchedFilesSettings;
  readonly #components: WatchedFilesComponents;
  #seen: string | undefined;
  /** What was last put to use, or refused: it is not tried again. */
  #judged: string | undefined;
  #timer: Timer | undefined;
  #isStarted = false;
  /** Looks come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: WatchedFilesSettings, components: WatchedFilesComponents) {
    this.#settings = settings;
    this.#components = components;
  }

  /** Reads the files for the first time. @throws what reading or applying throws */
  load(): Promise<void> {
    return this.#inTurn(async () => {
      const { contents, digest, problem } = await this.#look();
      await this.#applyWhole(contents, problem);
      this.#seen = digest;
      this.#judged = digest;
    });
  }

  /** Looks at once, without waiting for a second look to agree. @returns whether what the files say now holds */
  reload(): Promise<boolean> {
    return this.#inTurn(() => this.#judge(false));
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#schedule();
  }

  /** Stops looking; a look under way is waited for. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#timer?.cancel();
    await this.#turn;
  }

  #schedule(): void {
    if (!this.#isStarted) return;
    // One may be there: whoever stops and starts while a look is under way would otherwise have two.
    this.#timer?.cancel();
    this.#timer = this.#components.clock.after(this.#settings.pollMs, () => {
      void this.#inTurn(() => this.#judge(true)).then(() => this.#schedule());
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #judge(mustBeStable: boolean): Promise<boolean> {
    const { contents, digest, problem } = await this.#look();
    const isStable = digest === this.#seen;
    this.#seen = digest;
    if (mustBeStable && (!isStable || digest === this.#judged)) return false;
    this.#judged = digest;
    try {
      await this.#applyWhole(contents, problem);
      return true;
    } catch (error) {
      const reasons = new Set([wordsOf(error)]);
      await this.#components.applyPart?.(contents).catch((other: unknown) => reasons.add(wordsOf(other)));
      this.#components.onRefused([...reasons].join('; '));
      return false;
    }
  }

  async #applyWhole(contents: readonly (Buffer | undefined)[], problem: Error | undefined): Promise<void> {
    if (problem !== undefined) throw problem;
    await this.#components.apply(contents as readonly Buffer[]);
  }

  /** What the files say now. One that cannot be read hides no change of another. */
  async #look(): Promise<Look> {
    const contents: (Buffer | undefined)[] = [];
    const hash = createHash('sha256');
    let problem: Error | undefined;
    for (const watched of this.#settings.watched) {
      try {
        const content = await readSmallFile(this.#components.files, watched);
        contents.push(content);
        hash.update(`${content.length}:`).update(content);
      } catch (error) {
        contents.push(undefined);
        hash.update(`unreadable:${wordsOf(error)}:`);
        problem ??= error as Error;
      }
    }
    return { contents, digest: hash.digest('base64'), problem };
  }
}

interface Look {
  readonly contents: readonly (Buffer | undefined)[];
  readonly digest: string;
  /** Of the first file that cannot be read. */
  readonly problem: Error | undefined;
}
