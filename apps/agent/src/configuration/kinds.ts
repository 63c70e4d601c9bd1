import type { Address } from '@commitlog/runtime';
import { z } from 'zod';

/*
 * What a setting's value may look like. Flags and environment variables are text, a YAML file has types of its own: each kind takes both.
 * The messages say what is expected; what came, and from where, is added by whoever asks.
 */

/** Text that is not empty; `expected` says what of. */
export function text(expected: string, pattern: RegExp = /./s): z.ZodType<string> {
  return z.string({ error: `expected ${expected}` }).regex(pattern, `expected ${expected}`);
}

export function choice<const T extends string>(values: readonly [T, ...T[]]): z.ZodType<T> {
  return z.enum(values, { error: `expected one of ${values.join(', ')}` });
}

export const boolean: z.ZodType<boolean> = z.union([z.boolean(), z.stringbool()], { error: 'expected true or false' });

/** One of some whole numbers. */
export function oneOf<const T extends number>(numbers: readonly [T, ...T[]]): z.ZodType<T> {
  const error = `expected ${numbers.join(', ').replace(/, ([^,]*)$/, ' or $1')}`;
  const numeral = (written: unknown): unknown =>
    typeof written === 'string' && /^\d+$/.test(written) ? Number(written) : written;
  return z.preprocess(numeral, z.literal([...numbers], { error }));
}

const byteUnits = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const timeUnits = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** A number of bytes, with a unit or without. */
export function bytes(min: number, max: number): z.ZodType<number> {
  return quantity(byteUnits, { min, max, example: '512 MiB', base: 'bytes' });
}

/** A length of time in ms, with a unit or without. */
export function duration(minMs: number, maxMs: number): z.ZodType<number> {
  return quantity(timeUnits, { min: minMs, max: maxMs, example: '10 s', base: 'ms' });
}

function quantity(
  units: Readonly<Record<string, number>>,
  {
    min,
    max,
    example,
    base,
  }: { readonly min: number; readonly max: number; readonly example: string; readonly base: string },
): z.ZodType<number> {
  const names = Object.keys(units).join(', ');
  const expected = `expected ${min} to ${max} ${base}, such as "${example}", in one of the units ${names}`;
  const withUnit = z.string().transform((written, context) => {
    const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(written) ?? [];
    const factor = unit === '' ? 1 : units[unit ?? '?'];
    if (digits !== undefined && factor !== undefined) return Number(digits) * factor;
    context.issues.push({ code: 'custom', message: expected, input: written });
    return z.NEVER;
  });
  return z
    .union([z.number(), withUnit], { error: expected })
    .refine((value) => Number.isSafeInteger(value) && value >= min && value <= max, expected);
}

/** `host:port`; an IPv6 address stands in brackets. Port 0, "any free one", is for tests. */
export const address: z.ZodType<Address> = z
  .string({ error: 'expected host:port' })
  .transform((written, context): Address => {
    const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(written) ?? [];
    const [host, port] = [bracketed ?? plain, Number(digits)];
    if (host !== undefined && port <= 65_535) return { host, port };
    const message = 'expected host:port, with a port from 0 to 65535 and an IPv6 address in brackets';
    context.issues.push({ code: 'custom', message, input: written });
    return z.NEVER;
  });

/** Text with commas between its parts is as good as a list of them. */
function listed(written: unknown): unknown {
  if (typeof written !== 'string') return written;
  return written
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** Several addresses: a list, or text with commas between them. */
export const addresses: z.ZodType<readonly Address[]> = z.preprocess(
  listed,
  z.array(address, { error: 'expected host:port, one or more with commas between them' }),
);

/** Whether only this machine reaches it. */
export function isLoopback({ host }: Pick<Address, 'host'>): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

const originsExpected =
  'expected https://host, or http://host:port, in small letters and without a path, one or more with commas between them';

/** Origins of web pages, each `scheme://host` or with a port: a list, or text with commas between them. */
export const origins: z.ZodType<readonly string[]> = z.preprocess(
  listed,
  z.array(
    z.string().refine((written) => isOrigin(written), { error: originsExpected }),
    { error: originsExpected },
  ),
);

function isOrigin(written: string): boolean {
  // The page's policy names it, where other letters would mean something.
  return /^https?:\/\/[\w.:[\]-]+$/.test(written) && URL.canParse(written) && new URL(written).origin === written;
}

export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
