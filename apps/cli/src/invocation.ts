import type { World } from './world.js';

/** How results are printed: for people, as one JSON object on the last line, or as one JSON object a line. */
export const formats = ['table', 'json', 'ndjson'] as const;

export type Format = (typeof formats)[number];

/** What a command has found out, in every form that it can be printed in. */
export interface Result {
  /** The object of `json`: counts as numbers. */
  readonly json: object;
  /** The objects of `ndjson`, where the result is a list; the one of `json` unless told. */
  readonly lines?: readonly object[];
  /** For people; ends with a line feed. */
  readonly text: string;
}

/** What each command is given: the world, how to print, and a place for its exit status. */
export interface Invocation {
  readonly world: World;
  /** The absolute form of a path on the command line. */
  readonly pathOf: (path: string) => string;
  /** Known once the command line has been read, when an action runs. */
  format: Format;
  /** Prints on standard output, as it was asked for. */
  readonly print: (result: Result) => void;
  /** Set unless it is 0. */
  status: number;
}

export function printed({ json, lines, text }: Result, format: Format): string {
  switch (format) {
    case 'table':
      return text;
    case 'json':
      return `${JSON.stringify(json)}\n`;
    case 'ndjson':
      return (lines ?? [json]).map((line) => `${JSON.stringify(line)}\n`).join('');
  }
}
