import type { Files } from '@commitlog/runtime';
import { readText } from '../small-file.js';

/** A node says little while it starts. */
const bytesMax = 4 * 1024 * 1024;

/** What a node's log tells of its start. */
export interface StartTold {
  readonly isServing: boolean;
  /** Somebody else has one of its ports. */
  readonly isPortTaken: boolean;
  /** The last thing that went wrong; empty where nothing did. */
  readonly trouble: string;
}

export async function readStart(path: string, components: { readonly files: Files }): Promise<StartTold> {
  const lines = (await readText(path, { bytesMax }, components)).split('\n');
  const told = lines.map(parsed);
  const troubles = told.filter(({ level }) => level >= 50);
  return {
    isServing: told.some(({ msg }) => msg === 'serving'),
    isPortTaken: lines.some((line) => line.includes('EADDRINUSE')),
    trouble: troubles.map(({ msg, error }) => (error?.message ? `${msg}: ${error.message}` : msg)).at(-1) ?? '',
  };
}

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly error?: { readonly message?: string };
}

/** Whatever a process says that is no JSON is trouble, word for word. */
function parsed(line: string): LogLine {
  if (line.trim() === '') return { level: 0, msg: '' };
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: 50, msg: line };
  }
}
