import { inspect } from 'node:util';
import type { Output } from '../world.js';

export type Paint = 'bold' | 'green' | 'yellow' | 'red';

/** Text in a colour, for people who look and want colours; as it is for all others. */
export function painted(text: string, paint: Paint, { hasColors }: Pick<Output, 'hasColors'>): string {
  if (!hasColors) return text;
  const [begin, end] = inspect.colors[paint]!;
  return `\u001b[${begin}m${text}\u001b[${end}m`;
}
