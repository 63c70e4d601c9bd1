/** A whole number with its thousands apart: `1,048,576`. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** A number of things: `1 segment`, `6 segments`. */
export function some(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes for people, in powers of 1,000: `812 B`, `21.3 kB`, `1.2 GB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  // What would be rounded to 1000.0 is 1.0 of the next unit.
  const power = units.findIndex((_, at) => bytes < 999.95 * 1000 ** at || at === units.length - 1);
  return power === 0 ? `${bytes} B` : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** A duration: `0.4 ms`, `17 ms`, `2.3 s`. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(0)} ms`;
}

/** A moment, as ISO 8601 has it; a dash for none. */
export function moment(ms: number): string {
  const isShown = ms > 0 && ms <= 8_640_000_000_000_000;
  return isShown ? new Date(ms).toISOString() : '-';
}

/** Numbers from one to another: `7`, `7 to 12`, a dash for none. */
export function range(first: number, last: number): string {
  if (last < first) return '-';
  return first === last ? count(first) : `${count(first)} to ${count(last)}`;
}
