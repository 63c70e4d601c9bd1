import type { Clock, Files, Timer } from '@commitlog/runtime';
import { AuthError, wordsOf } from './errors.js';
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
  /** Told why new contents were refused, once for each contents and reason. The old ones still hold. */
  readonly onRefused: (reason: string) => void;
}

/**
 * Files that are read again when they change. They are polled, since notifications of a file system miss what is renamed or
 * mounted over (Kubernetes does both), and read whole, since a time stamp misses a change within its grain.
 *
 * Somebody writes them while we look. So a change counts only when two looks in a row have found the same, and what is then
 * refused is tried again as soon as it is different, or its time has come ({@link AuthError.againAtMs}),
 * or a clock that was ahead is put right ({@link AuthError.againUntilMs}).
 */
export class WatchedFiles {
  readonly #settings: WatchedFilesSettings;
  readonly #components: WatchedFilesComponents;
  #seen: Look | undefined;
  /** What was last put to use, or refused: it is not tried again, unless there is a time for it. */
  #judged: Look | undefined;
  /** When it is worth another try. */
  #refusal: AuthError | undefined;
  /** Why {@link #judged} was refused, if it was. */
  #refusedFor: string | undefined;
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
      const look = await this.#look();
      await this.#applyWhole(look);
      this.#seen = look;
      this.#judged = look;
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
    const look = await this.#look();
    const isStable = isSame(look, this.#seen);
    const isJudged = isSame(look, this.#judged);
    this.#seen = look;
    if (mustBeStable && (!isStable || (isJudged && !this.#isDue()))) return false;
    this.#judged = look;
    this.#refusal = undefined;
    try {
      await this.#applyWhole(look);
      this.#refusedFor = undefined;
      return true;
    } catch (error) {
      if (error instanceof AuthError) this.#refusal = error;
      const reasons = new Set([wordsOf(error)]);
      await this.#components.applyPart?.(contentsOf(look)).catch((other: unknown) => reasons.add(wordsOf(other)));
      const reason = [...reasons].join('; ');
      if (!isJudged || reason !== this.#refusedFor) this.#components.onRefused(reason);
      this.#refusedFor = reason;
      return false;
    }
  }

  #isDue(): boolean {
    const { againAtMs = Number.POSITIVE_INFINITY, againUntilMs = Number.NEGATIVE_INFINITY } = this.#refusal ?? {};
    const nowMs = this.#components.clock.wallMs();
    return nowMs >= againAtMs || nowMs <= againUntilMs;
  }

  async #applyWhole(look: Look): Promise<void> {
    const problem = look.find((found) => found instanceof Error);
    if (problem !== undefined) throw problem;
    await this.#components.apply(look as readonly Buffer[]);
  }

  /** What the files say now. One that cannot be read hides no change of another. */
  async #look(): Promise<Look> {
    const look: (Buffer | Error)[] = [];
    for (const watched of this.#settings.watched) {
      look.push(await readSmallFile(this.#components.files, watched).catch((error: unknown) => error as Error));
    }
    return look;
  }
}

/** Of each file what it says, or why it cannot be read. */
type Look = readonly (Buffer | Error)[];

function contentsOf(look: Look): readonly (Buffer | undefined)[] {
  return look.map((found) => (Buffer.isBuffer(found) ? found : undefined));
}

function isSame(one: Look, other: Look | undefined): boolean {
  return one.every((found, at) => {
    const before = other?.[at];
    if (Buffer.isBuffer(found) && Buffer.isBuffer(before)) return found.equals(before);
    return found instanceof Error && before instanceof Error && found.message === before.message;
  });
}
