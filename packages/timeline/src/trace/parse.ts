import type { TraceEvent } from './event.js';

/** A line that is no event of a trace. */
export class TraceError extends Error {
  readonly code = 'wrong-trace';

  constructor(
    /** Counted from 1. */
    readonly line: number,
    readonly expected: string,
    readonly found: string,
  ) {
    super(`line ${line}: expected ${expected}, found ${found}. A trace is NDJSON as docs/trace.md says`);
    this.name = 'TraceError';
  }
}

const numbers = ['atMs', 'term', 'index', 'commit'] as const;
const texts = ['node', 'event', 'cause'] as const;

/**
 * One line of a trace as an event.
 *
 * @param line its number, from 1, for the error
 * @throws TraceError
 */
export function parseLine(text: string, line: number): TraceEvent {
  const value = parsed(text, line);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TraceError(line, 'a JSON object', abridged(text));
  }
  const event = value as Record<string, unknown>;
  if (event.v !== 1) throw new TraceError(line, 'a trace of version 1, in "v"', shown(event.v));
  for (const name of numbers) {
    if (!Number.isFinite(event[name])) throw new TraceError(line, `a number in "${name}"`, shown(event[name]));
  }
  for (const name of texts) {
    if (typeof event[name] !== 'string') throw new TraceError(line, `a string in "${name}"`, shown(event[name]));
  }
  if (event.node === '') throw new TraceError(line, 'the name of a member in "node"', '""');
  return event as unknown as TraceEvent;
}

/** A trace without its last line, where that is one that was never written to its end. */
export function withoutTornEnd(trace: string): { readonly whole: string; readonly tornLine: number | null } {
  const end = trace.lastIndexOf('\n') + 1;
  const [before, last] = [trace.slice(0, end), trace.slice(end)];
  if (before.trim() === '' || last.trim() === '' || isJson(last)) return { whole: trace, tornLine: null };
  return { whole: before, tornLine: trace.split('\n').length };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The lines of a trace with their numbers; empty ones are left out. */
export function* linesOf(trace: string | Iterable<string>): Generator<readonly [text: string, line: number]> {
  let line = 0;
  for (const text of typeof trace === 'string' ? trace.split('\n') : trace) {
    line += 1;
    const trimmed = text.trim();
    if (trimmed !== '') yield [trimmed, line];
  }
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TraceError(line, 'a JSON object', abridged(text));
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : abridged(JSON.stringify(value));
}

function abridged(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
