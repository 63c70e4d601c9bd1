import { isThenable } from './machine.js';

/** Something that stops nothing and that no caller waits for, but that somebody should hear of: to be logged and counted. */
export type Problem = {
  /** The group it happened in, or null where it was no group's. */
  readonly group: string | null;
} & (
  | /** A snapshot that nobody asked for could not be written: the log stays as long as it is, until the next one. */
  { readonly kind: 'snapshot-failed'; readonly error: unknown }
  /** The snapshot on this disk cannot be read: a new one is written in its place. */
  | { readonly kind: 'snapshot-unreadable'; readonly error: unknown }
  /** A peer sent what no member sends; it was not acted on. */
  | { readonly kind: 'message-dropped'; readonly reason: string }
  /** The write or the `apply` under way at `stop` failed: what it was about may not be on the disk, or in the machine. */
  | { readonly kind: 'failed-while-stopping'; readonly error: unknown }
  /** A function that was given to the driver threw. Nothing depends on what it does, so the member goes on. */
  | {
      readonly kind: 'callback-threw';
      readonly callback: 'onRole' | 'onFailed' | 'trace' | 'send';
      readonly error: unknown;
    }
);

export type ProblemSink = (problem: Problem) => void;

/** `sink`, made safe to call from anywhere: one that throws itself has nobody left to tell. */
export function safeSink(sink: ProblemSink | undefined): ProblemSink {
  return (problem) => {
    try {
      sink?.(problem);
    } catch {}
  };
}

/** Calls what was given to the driver; what it throws is told, and goes no further. */
export function callSafely(
  name: Extract<Problem, { kind: 'callback-threw' }>['callback'],
  { group, report }: { readonly group: string | null; readonly report: ProblemSink },
  run: () => unknown,
): void {
  const threw = (error: unknown): void => report({ group, kind: 'callback-threw', callback: name, error });
  try {
    const result: unknown = run();
    if (isThenable(result)) result.then(undefined, threw);
  } catch (error) {
    threw(error);
  }
}
