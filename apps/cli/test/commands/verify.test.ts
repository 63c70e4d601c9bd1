import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitlog, lastLine, scratch, typed } from '../command-line.js';
import { someLog } from '../some-log.js';

async function flipByte(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at]! ^= 0xff;
  await writeFile(path, bytes);
}

async function segmentsIn(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith('.log')).map((name) => join(dir, name));
}

it('a sound log: status 0, and how much was read', async () => {
  const dir = await someLog();
  const { status, out, err } = await commitlog(['log', 'verify', dir]);
  expect(out).toMatch(
    /^sound: 4 segments, 129 batches, 129 records, [\d.]+ kB in .*; everything can be read as it was written\n$/,
  );
  expect({ status, err }).toEqual({ status: 0, err: '' });
});

it('a flipped byte: status 1, the unreadable indexes, and what to do', async () => {
  const dir = await someLog();
  const [first, second] = await segmentsIn(dir);
  await flipByte(first!, 64 + 70);
  await flipByte(second!, 64 + 8);
  const { status, out, err } = await commitlog(['log', 'verify', dir]);
  expect(out).toMatch(/^damaged: 4 segments, 127 batches/);
  expect(out.match(/^damage {2}\d{20}-\d\.log: from byte 64 on, .*$/gm)).toHaveLength(2);
  expect(out).toMatch(/^Unreadable: index 1, 35\. Everything else can be read\./m);
  expect(out).toContain('restore the directory from a backup');
  expect({ status, err }).toEqual({ status: 1, err: '' });
});

it('with --json, the findings and the counts, as one object', async () => {
  const dir = await someLog();
  const [first] = await segmentsIn(dir);
  await flipByte(first!, 64 + 70);
  const { status, out } = await typed(['log', 'verify', dir, '--json']);
  expect(status).toBe(1);
  const report = lastLine(out);
  expect(report).toMatchObject({ dir, isSound: false, segments: 4, batches: 128, records: 128 });
  expect(report.findings).toMatchObject([{ severity: 'damage', firstIndex: 1, lastIndex: 1 }]);
  expect(report.bytes).toBeTypeOf('number');
  expect(report.ms).toBeTypeOf('number');
});

it('what the next start puts right is a note, and no damage', async () => {
  const dir = await someLog();
  const names = await readdir(dir);
  await flipByte(join(dir, names.find((name) => name.endsWith('.index'))!), 30);
  await writeFile(join(dir, 'mine.txt'), 'a file of a stranger');
  const { status, out } = await typed(['log', 'verify', dir]);
  expect(status).toBe(0);
  expect(out).toMatch(/^sound: /);
  expect(out).toMatch(/^note {4}\d{20}-1\.index: the index is damaged/m);
  expect(out).toMatch(/^note {4}mine\.txt: not a file of the log/m);
  expect(out).not.toContain('Unreadable');
});

describe('what is worse than a hole', () => {
  it('a damaged manifest: status 1, since it is damage', async () => {
    const dir = await someLog();
    await flipByte(join(dir, 'MANIFEST'), 20);
    const { status, out, err } = await typed(['log', 'verify', dir, '--json']);
    expect(status).toBe(1);
    expect(err).toMatch(/^commitlog: .*MANIFEST is damaged: its checksum is wrong\. .*\n$/);
    expect(lastLine(out)).toMatchObject({ error: { code: 'corrupt' } });
  });

  it('a missing segment: every index in it', async () => {
    const dir = await someLog();
    await rm((await segmentsIn(dir))[1]!);
    const { status, out } = await typed(['log', 'verify', dir]);
    expect(status).toBe(1);
    expect(out).toMatch(/^Unreadable: index 35 to \d+\./m);
  });
});

describe('what is no log: status 2, and one line', () => {
  it('an empty directory', async () => {
    const { dir } = await scratch();
    const { status, out, err } = await typed(['log', 'verify', dir]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^commitlog: there is no log in .*\n$/);
  });

  it('a directory that is not there', async () => {
    const { dir } = await scratch();
    const { status, err } = await typed(['log', 'verify', join(dir, 'nothing')]);
    expect(status).toBe(2);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});
