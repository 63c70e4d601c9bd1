import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLog } from '@commitlog/log';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { describe, expect, it } from 'vitest';
import { commitlog, lastLine, packageDirectory, scratch, typed } from '../command-line.js';

it('the demo appends the text that comes with it, reads it back, shows what is on disk, and leaves nothing behind', async () => {
  const { environment, leftBehind } = await scratch();
  const { status, out, err } = await commitlog(['demo'], environment);
  expect(err).toBe('');
  expect(status).toBe(0);
  expect(out).toContain('byte for byte the same');
  expect(out).toContain('every checksum is right');
  expect(out).toMatch(/^ {2}MANIFEST +[\d,]+ {2}which segments the log is made of/m);
  expect(out).toMatch(/^ +1 {2}sealed {2}1 to \d+ /m);
  expect(await leftBehind()).toEqual([]);
});

it('with --json, standard output is one JSON object with the counts as numbers', async () => {
  const { environment } = await scratch();
  const text = await readFile(join(packageDirectory, 'text/the-log.txt'));
  const { status, out } = await commitlog(['demo', '--json'], environment);
  const lines = text.toString().split('\n').length;
  expect(status).toBe(0);
  expect(out.trimEnd().split('\n')).toHaveLength(1);
  const report = lastLine(out);
  expect(report).toMatchObject({
    bytes: text.length,
    lines,
    records: lines,
    batches: lines,
    isIdentical: true,
    isSound: true,
    isKept: false,
    findings: [],
  });
  for (const field of ['groups', 'syncs', 'segments', 'appendMs', 'openMs', 'readMs', 'verifyMs']) {
    expect(report[field]).toBeTypeOf('number');
  }
  expect(report.segments).toBeGreaterThan(1);
  // Appends share syncs.
  expect(report.groups).toBeLessThan(lines);
});

describe('any file comes back as it was', () => {
  const long = (bytes: number): Buffer => Buffer.alloc(bytes, 'a line that does not end ');
  const everyByte = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 31) % 256));
  const cases: Record<string, { text: Buffer | string; lines: number; records: number }> = {
    'an empty file': { text: '', lines: 0, records: 0 },
    'one line feed': { text: '\n', lines: 1, records: 1 },
    'no line feed at the end': { text: 'one\ntwo', lines: 2, records: 2 },
    'lines that end with CR LF': { text: 'one\r\n\r\ntwo\r\n', lines: 3, records: 3 },
    'what is no text': { text: everyByte, lines: 17, records: 17 },
    'letters of several bytes': { text: 'äöü\n語\n∞\n', lines: 3, records: 3 },
    'a line over 1 MiB': {
      text: Buffer.concat([Buffer.from('a\n'), long(1_300_000), Buffer.from('\nb\n')]),
      lines: 3,
      records: 5,
    },
    'a line of exactly what a record holds': {
      text: Buffer.concat([long(524_288), Buffer.from('\nb')]),
      lines: 2,
      records: 3,
    },
    'more lines than wait for the disk at a time': { text: 'x\n'.repeat(10_000), lines: 10_000, records: 10_000 },
    'more than is read at a time': { text: `${'x'.repeat(999)}\n`.repeat(3000), lines: 3000, records: 3000 },
  };
  it.each(Object.entries(cases))('%s', async (_, { text, lines, records }) => {
    const { dir, temporary } = await scratch();
    const file = join(dir, 'text');
    await writeFile(file, text);
    const { status, out, err } = await typed(['demo', file, '--json'], { temporary });
    expect(err).toBe('');
    expect(status).toBe(0);
    expect(lastLine(out)).toMatchObject({
      bytes: text.length === 0 ? 0 : Buffer.byteLength(text),
      lines,
      records,
      isIdentical: true,
    });
  });
});

it('with --dir, the log stays, and holds the lines of the file as records', async () => {
  const { dir, environment } = await scratch();
  await writeFile(join(dir, 'text'), 'one\ntwo\nthree');
  const { status, out } = await commitlog(['-C', dir, 'demo', 'text', '--dir', 'new/log'], environment);
  expect(status).toBe(0);
  expect(out).toContain(`log verify ${join(dir, 'new/log')}`);
  await using log = await openLog({ dir: join(dir, 'new/log'), create: false }, { files: nodeFiles, clock: nodeClock });
  const found = [];
  for await (const { offset, value } of log.records({ from: 'start' })) found.push([offset, value.toString()]);
  expect(found).toEqual([
    [0, 'one\n'],
    [1, 'two\n'],
    [2, 'three'],
  ]);
});

it('with --keep, the temporary directory stays', async () => {
  const { environment, leftBehind } = await scratch();
  const { out } = await commitlog(['demo', '--keep', '--json'], environment);
  expect(await leftBehind()).toHaveLength(1);
  expect((await typed(['log', 'verify', String(lastLine(out).dir)])).status).toBe(0);
});

describe('what cannot be used is refused in one line, with status 2, and nothing is left behind', () => {
  it('a file that is not there', async () => {
    const { dir, environment, leftBehind } = await scratch();
    const { status, out, err } = await commitlog(['demo', join(dir, 'nothing')], environment);
    expect({ status, out, err }).toEqual({
      status: 2,
      out: '',
      err: `commitlog: cannot read ${join(dir, 'nothing')}: there is no such file\n`,
    });
    expect(await leftBehind()).toEqual([]);
  });

  it('a directory instead of a file', async () => {
    const { dir, temporary } = await scratch();
    const { status, err } = await typed(['demo', dir], { temporary });
    expect({ status, err }).toEqual({
      status: 2,
      err: `commitlog: cannot read ${dir}: it is a directory. Name a file\n`,
    });
  });

  it('a --dir that is not empty, which is left as it is', async () => {
    const { dir } = await scratch();
    await writeFile(join(dir, 'something'), 'of mine');
    const { status, out, err } = await typed(['demo', '--dir', dir, '--json']);
    expect(status).toBe(2);
    expect(err).toMatch(/^commitlog: .* is not empty: it holds something\. Name an empty directory.*\n$/);
    expect(lastLine(out)).toMatchObject({ error: { code: 'directory-in-use' } });
    expect(await readFile(join(dir, 'something'), 'utf8')).toBe('of mine');
  });

  it('a --dir that is a file', async () => {
    const { dir } = await scratch();
    await writeFile(join(dir, 'file'), '');
    const { status, err } = await typed(['demo', '--dir', join(dir, 'file')]);
    expect(status).toBe(2);
    expect(err).toContain('it is a file. Name a directory');
  });
});
