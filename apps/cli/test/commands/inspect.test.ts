import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commitlog, lastLine, scratch, typed } from '../command-line.js';
import { someLog } from '../some-log.js';

it('says what the log is made of, and changes nothing', async () => {
  const dir = await someLog();
  const contents = async () =>
    Promise.all((await readdir(dir)).sort().map(async (name) => [name, await readFile(join(dir, name), 'base64')]));
  const before = await contents();
  const { status, out, err } = await commitlog(['log', 'inspect', dir]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).toMatch(/^end +index 129, next offset 129, term 1/m);
  expect(out).toMatch(/^ +4 {2}active .* to 129 .*/m);
  expect(out).toMatch(/^ {2}SYNCED +[\d,]+ {2}how far/m);
  expect(await contents()).toEqual(before);
});

it('with --json, the description as one object', async () => {
  const dir = await someLog();
  const { status, out } = await typed(['log', 'inspect', dir, '--json']);
  expect(status).toBe(0);
  const description = lastLine(out) as { segments: { isActive: boolean; end: { index: number } }[] };
  expect(description).toMatchObject({ dir, identity: { log: 0 }, start: { index: 0, nextOffset: 0 } });
  expect(description.segments.map(({ isActive }) => isActive)).toEqual([false, false, false, true]);
  expect(description.segments.at(-1)!.end.index).toBe(129);
});

it('a directory without a log is refused with status 2', async () => {
  const { dir } = await scratch();
  const { status, out, err } = await typed(['log', 'inspect', dir]);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toMatch(/^commitlog: there is no log in .*\n$/);
});
