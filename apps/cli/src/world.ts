import type { Clock, Files } from '@commitlog/runtime';

/** What a command may touch. Only `main.ts` has the real one. */
export interface World {
  readonly files: Files;
  readonly clock: Clock;
  /** Standard output: what was asked for. */
  readonly out: Output;
  /** Standard error: what went wrong, and how far a long job is. */
  readonly err: Output;
  /** How the command is called here, for advice: `commitlog`, or the script that runs it from the sources. */
  readonly commandName: string;
  readonly version: string;
  /** The text that `demo` takes when none is named. */
  readonly demoText: string;
  /**
   * The absolute form of a path that somebody typed.
   *
   * @param from where relative paths begin; the current directory unless told
   */
  absolutePath(path: string, from?: string): string;
  /** Makes a directory of our own. One that is not to be kept goes when the process is interrupted, too. */
  makeTemporaryDirectory(isKept: boolean): TemporaryDirectory;
}

export interface Output {
  write(text: string): void;
  /** Whether a person is looking. */
  readonly isTerminal: boolean;
}

export interface TemporaryDirectory {
  readonly path: string;
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}
