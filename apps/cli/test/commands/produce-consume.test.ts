import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  lastLine,
  packageDirectory,
  program,
  type Result,
  scratch,
  type TypedOptions,
  typed,
} from '../command-line.js';
import { oneNode } from '../one-node.js';

const { environment } = oneNode();

const run = (args: readonly string[], options: TypedOptions = {}): Promise<Result> =>
  typed(args, { environment, ...options });

/** Appends, and says where: the tests share a log. */
async function produced(input: readonly (string | Buffer)[], ...args: string[]): Promise<string> {
  const { status, out, err } = await run(['produce', '--json', ...args], {
    input: input.map((each) => Buffer.from(each)),
  });
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return String(lastLine(out).firstOffset);
}

const consumed = async (from: string, ...args: string[]): Promise<string> => {
  const { status, out, err } = await run(['consume', '--from', from, ...args]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return out;
};

describe('lines go in, and come out', () => {
  it.each<[string, string[], string]>([
    ['with a line feed at the end', ['one\ntwo\n'], 'one\ntwo\n'],
    ['without one', ['one\ntwo'], 'one\ntwo\n'],
    ['cut anywhere', ['o', 'ne\nt', 'wo', '\n', 'three\n'], 'one\ntwo\nthree\n'],
    ['empty ones', ['\n\none\n\n'], '\n\none\n\n'],
    ['letters of several bytes', ['äöü\n語\n∞\n'], 'äöü\n語\n∞\n'],
  ])('%s', async (_, input, expected) => {
    const from = await produced(input);
    expect(await consumed(from)).toBe(expected);
  });

  it('nothing: nothing is appended', async () => {
    const { status, out } = await run(['produce']);
    expect({ status, out }).toEqual({ status: 0, out: 'appended nothing\n' });
  });

  it('any bytes, with a delimiter that is none of them', async () => {
    const bytes = Buffer.from(Array.from({ length: 2048 }, (_, at) => at % 255));
    const from = await produced([bytes, Buffer.of(255, 255), bytes], '--delimiter', '\\xff');
    const { out } = await run(['consume', '--from', from, '--output', 'ndjson']);
    const records = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { valueBase64?: string; value?: string });
    expect(
      records.map(({ valueBase64, value }) => (valueBase64 === undefined ? value : Buffer.from(valueBase64, 'base64'))),
    ).toEqual([bytes, '', bytes]);
  });

  it('a file', async () => {
    const { dir } = await scratch();
    await writeFile(join(dir, 'file'), 'a line of a file\n'.repeat(20_000));
    const { status, out } = await run(['produce', '--file', 'file', '--json'], { cwd: dir });
    expect({ status, ...lastLine(out) }).toMatchObject({ status: 0, records: 20_000 });
    expect(await consumed(String(lastLine(out).firstOffset))).toBe('a line of a file\n'.repeat(20_000));
  });

  it('what ndjson says, key, headers and all, goes in as it came out', async () => {
    const line = {
      producerTimeMs: 1_700_000_000_000,
      key: 'k',
      headers: [{ key: 'a', value: '1' }, { key: 'a', valueBase64: '/w==' }, { key: 'b' }],
      valueBase64: '/wA=',
    };
    const from = await produced([`${JSON.stringify(line)}\n`, '{"value":"plain"}'], '--format', 'ndjson');
    const out = await consumed(from, '--output', 'ndjson');
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((each) => JSON.parse(each) as object),
    ).toEqual([
      { ...line, offset: Number(from), term: expect.any(Number), timeMs: expect.any(Number) },
      expect.objectContaining({ offset: Number(from) + 1, value: 'plain' }),
    ]);
  });

  it('the key and the headers of all', async () => {
    const from = await produced(['v'], '--key', 'k', '--header', 'a=1', '--header', 'b=x=y');
    expect(lastLine(await consumed(from, '--output', 'ndjson'))).toMatchObject({
      key: 'k',
      headers: [
        { key: 'a', value: '1' },
        { key: 'b', value: 'x=y' },
      ],
    });
  });
});

describe('acknowledgements', () => {
  it('with ndjson, a line for each, in order', async () => {
    const { out } = await run(['produce', '--output', 'ndjson'], { input: [Buffer.from('a\nb\nc\n')] });
    const offsets = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { offset: number }).offset);
    expect(offsets).toEqual([offsets[0], offsets[0]! + 1, offsets[0]! + 2]);
  });

  it('`tail -f | commitlog produce`: each comes while the input goes on, and Ctrl-C ends it when all are there', async () => {
    const child = spawn(process.execPath, [program, 'produce', '--output', 'ndjson'], {
      cwd: packageDirectory,
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    for (const line of ['first', 'second']) {
      child.stdin.write(`${line}\n`);
      const lines = line === 'first' ? 1 : 2;
      await expect.poll(() => out.split('\n').length - 1, { timeout: 30_000 }).toBe(lines);
    }
    child.kill('SIGINT');
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGINT');
    const { offset } = JSON.parse(out.split('\n')[0]!) as { offset: number };
    expect(await consumed(String(offset))).toBe('first\nsecond\n');
  });
});

describe('where to begin and end', () => {
  it('an offset, a limit, the last ones, the end', async () => {
    const from = await produced(['1\n2\n3\n4\n5\n']);
    expect(await consumed(from, '--limit', '2')).toBe('1\n2\n');
    expect(await consumed(String(Number(from) + 3))).toBe('4\n5\n');
    expect((await run(['consume', '--last', '2'])).out).toBe('4\n5\n');
    expect(await consumed('end')).toBe('');
    expect(await consumed(from, '--limit', '0')).toBe('');
  });

  it('a time, and how long ago', async () => {
    const from = await produced(['early\n']);
    const { timeMs } = lastLine(await consumed(from, '--output', 'ndjson', '--limit', '1')) as { timeMs: number };
    expect(await consumed(new Date(timeMs + 3_600_000).toISOString())).toBe('');
    expect((await consumed('1h', '--linearizable')).endsWith('early\n')).toBe(true);
  });

  it('with --json, one object', async () => {
    const from = await produced(['a\nb\n']);
    expect(lastLine(await consumed(from, '--json'))).toMatchObject({
      records: [{ value: 'a' }, { value: 'b' }],
      nextOffset: Number(from) + 2,
    });
  });

  it('tail: the last ones, a line each, with nothing in it that a terminal would obey', async () => {
    await produced(['one\n', 'a\u001b[31m\tb\r\n'], '--key', 'k');
    const { out } = await run(['tail', '-n', '2']);
    expect(out).toMatch(/^\d+ {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}k {2}one\n\d+ {2}\S+ {2}k {2}a\\x1b\[31m\\tb\\r\n$/);
  });

  it('--follow: what comes later, too, until Ctrl-C', async () => {
    const from = await produced(['before\n']);
    const child = spawn(process.execPath, [program, 'consume', '--from', from, '--follow'], {
      cwd: packageDirectory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    await expect.poll(() => out, { timeout: 30_000 }).toBe('before\n');
    await produced(['after\n']);
    await expect.poll(() => out, { timeout: 30_000 }).toBe('before\nafter\n');
    child.kill('SIGINT');
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGINT');
    expect(out).toBe('before\nafter\n');
  });
});

describe('what goes wrong is told in a line', () => {
  it.each<[string, string[], number, RegExp]>([
    ['an offset that is not there yet', ['consume', '--from', '999999999'], 4, /999999999/],
    ['a log that there is not', ['consume', '--log', 'nope'], 4, /nope/],
    ['two beginnings', ['consume', '--from', '1', '--last', '2'], 2, /--from and --last contradict/],
    ['no beginning', ['consume', '--from', 'yesterday'], 2, /Expected start, end, an offset, a time/],
    ['no delimiter', ['produce', '--delimiter', ''], 2, /Expected one byte at least/],
    ['an escape that is none', ['produce', '--delimiter', '\\q'], 2, /"\\q" means nothing/],
    ['a header without a name', ['produce', '--header', '=x'], 2, /Expected name=value/],
    ['a file that is not there', ['produce', '--file', '/nowhere'], 2, /\/nowhere cannot be read: it is not there/],
  ])('%s', async (_, args, expected, message) => {
    const { status, err } = await run(args);
    expect(status).toBe(expected);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^ +at /m);
  });

  it('a line that is no record', async () => {
    const { status, err } = await run(['produce', '--format', 'ndjson'], {
      input: [Buffer.from('{"value":"good"}\n{"val":1}\n')],
    });
    expect(status).toBe(2);
    expect(err).toMatch(
      /^appended 1 record, offset [\d,]+ before it went wrong\ncommitlog: line 2 is no record: it has no "value"\. Expected/m,
    );
  });

  it('a record that is too long for any batch: what stood before it is there', async () => {
    const { status, err } = await run(['produce'], { input: [Buffer.from('good\n'), Buffer.alloc(1_500_000, 'x')] });
    expect(status).toBe(2);
    expect(err).toMatch(/record 2 has more than 1048576 bytes/);
  });

  it('one that is a few bytes too long', async () => {
    const { status, err } = await run(['produce', '--json'], { input: [Buffer.alloc(1024 * 1024, 'x')] });
    expect(status).toBe(2);
    expect(err).toMatch(/^commitlog: /m);
  });

  it('a cluster that is not there', async () => {
    const { status, out, err } = await run(['produce', '--json', '--deadline', '300ms'], {
      environment: { COMMITLOG_SERVERS: '127.0.0.1:1', COMMITLOG_INSECURE: '1' },
      input: [Buffer.from('x\n')],
    });
    expect({ status, code: (lastLine(out).error as { code: string }).code }).toEqual({
      status: 3,
      code: 'UNAVAILABLE',
    });
    expect(err).toContain('127.0.0.1:1');
  });
});
