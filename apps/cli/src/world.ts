import type { WebCrypto } from '@commitlog/auth';
import type { Clock, Files, Random } from '@commitlog/runtime';

/** What a command may touch. Only `main.ts` has the real one. */
export interface World {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes keys, and signs. */
  readonly crypto: WebCrypto;
  /** When this process began, by the monotonic clock. */
  readonly startedMs: number;
  /** What was exported to this process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Standard input. */
  readonly in: Input;
  /** Standard output: what was asked for. */
  readonly out: Output;
  /** Standard error: what went wrong, and how far a long job is. */
  readonly err: Output;
  /** What a measurement was made on. */
  readonly machine: Machine;
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
  /** Makes a directory of our own: whoever asks for one removes it. */
  makeTemporaryDirectory(): Promise<TemporaryDirectory>;
  /** Ports of loopback that nobody has, for TCP and UDP alike. Somebody may take one before it is used. */
  freePorts(count: number): Promise<number[]>;
  /** What a plain HTTP server on this machine answers. @throws when it does not, within a second */
  httpGet(url: string): Promise<string>;
  /** Starts an agent in a process of its own. It ends with this one, in whatever way this one ends, unless it is let go. */
  startAgent(options: StartAgentOptions): AgentProcess;
  /**
   * Becomes an agent, until its end.
   *
   * @param args flags of the agent
   * @returns the exit status
   */
  runAgent(
    args: readonly string[],
    options: {
      /** Where relative paths begin. */
      readonly directory: string;
      /** What its help calls it. */
      readonly name: string;
    },
  ): Promise<number>;
  /**
   * Aborted by the first Ctrl-C, or whatever else asks this process to end; the second ends it at once. A command that never asks for this is ended by the
   * first: right for all that leave nothing behind.
   */
  interruption(): AbortSignal;
}

export interface Input {
  /** Whether a person is typing. */
  readonly isTerminal: boolean;
  /** What comes, in pieces of any length, until its end. Iterate once. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface Output {
  write(data: string | Uint8Array): void;
  /** Resolves once what was written has left this process, or nobody wants it any more: whoever writes much waits for it. */
  drained(): Promise<void>;
  /** Whether the reader has gone (`| head`). What is written then goes nowhere. */
  readonly isClosed: boolean;
  /** Whether a person is looking. */
  readonly isTerminal: boolean;
  /** Whether that person wants colours (https://no-color.org). */
  readonly hasColors: boolean;
}

export interface Machine {
  /** Such as `Linux 6.1.0, x64`. */
  readonly system: string;
  /** Node's version. */
  readonly node: string;
  readonly cpu: string;
  /** Those that this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface TemporaryDirectory {
  readonly path: string;
  /** Whether what is synced there is in memory, and lost with the power all the same. */
  readonly isInMemory: boolean;
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}

export interface StartAgentOptions {
  /** Flags of the agent. Settings in the environment do not reach it. */
  readonly args: readonly string[];
  /** Where it writes what it does, in the place of what is there. */
  readonly logPath: string;
}

export interface AgentProcess {
  /** 0 where it could not be started. */
  readonly pid: number;
  readonly hasEnded: boolean;
  /** Resolves when it has ended, or could not be started. */
  readonly ended: Promise<void>;
  /** Ends it at once, as a power cut would. */
  kill(): void;
  /** Lets it live on when this process ends. */
  letGo(): Promise<void>;
}
