import { InvalidArgumentError } from 'commander';

/*
 * What a value on the command line may look like. Each function takes the text and gives the value, or says what it had expected; it fits
 * where commander takes a parser.
 */

const timeUnits = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const byteUnits = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A length of time in ms: `10s`, `"500 ms"`, `2min`; a number alone is ms. At least one ms. */
export function duration(text: string): number {
  return quantity(text, { units: timeUnits, min: 1, example: '10s' });
}

/** A number of bytes: `64KiB`, `1MB`; a number alone is bytes. At least one. */
export function bytes(text: string): number {
  return quantity(text, { units: byteUnits, min: 1, example: '64KiB' });
}

/** A whole number of at least `min`. */
export function integer(min = 0): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${min}.`);
  };
}

/** `host:port`, one or more with commas between them; an IPv6 address stands in brackets. */
export function addresses(text: string): string[] {
  const found = text.split(',').map((each) => each.trim());
  for (const each of found) {
    const [, port] = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+):(\d{1,5})$/.exec(each) ?? [];
    if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) continue;
    throw new InvalidArgumentError(`Expected host:port, one or more with commas between them, and "${each}" is none.`);
  }
  return found;
}

interface Quantity {
  readonly units: Readonly<Record<string, number>>;
  readonly min: number;
  readonly example: string;
}

function quantity(text: string, { units, min, example }: Quantity): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = unit === '' ? 1 : Object.hasOwn(units, unit ?? '?') ? units[unit!]! : Number.NaN;
  const value = Math.round(Number(digits) * factor);
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new InvalidArgumentError(
    `Expected such as "${example}", in one of the units ${Object.keys(units).join(', ')}.`,
  );
}
