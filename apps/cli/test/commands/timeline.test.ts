import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lastLine, scratch, typed } from '../command-line.js';

const event = {
  v: 1,
  atMs: 12.5,
  node: 'n1@s1',
  term: 2,
  index: 3,
  commit: 1,
  event: 'role',
  cause: 'won the election',
};
const line = `${JSON.stringify({ ...event, role: 'leader' })}\n`;

async function traceOf(text: string): Promise<{ readonly dir: string; readonly trace: string }> {
  const { dir } = await scratch();
  const trace = join(dir, 'trace.ndjson');
  await writeFile(trace, text);
  return { dir, trace };
}

it('given a trace, then the page is beside it, with the trace in it', async () => {
  const { dir, trace } = await traceOf(line);
  const { status, out, err } = await typed(['timeline', trace]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).toContain(`${join(dir, 'trace.html')}: 1 events`);
  const page = await readFile(join(dir, 'trace.html'), 'utf8');
  expect(page).toContain('<title>trace.ndjson</title>');
  expect(page).toContain('won the election');
});

it('given --out, --title and --json, then they are heeded', async () => {
  const { dir, trace } = await traceOf(line);
  const { status, out } = await typed(
    ['timeline', 'trace.ndjson', '--out', 'page.html', '--title', 'A <b> death', '--json'],
    { cwd: dir },
  );
  const page = await readFile(join(dir, 'page.html'), 'utf8');
  expect({ status, last: lastLine(out), trace }).toEqual({
    status: 0,
    last: { timeline: join(dir, 'page.html'), events: 1, bytes: Buffer.byteLength(page) },
    trace,
  });
  expect(page).toContain('<title>A &lt;b&gt; death</title>');
});

it('given a page that is there already, then it is not replaced', async () => {
  const { dir, trace } = await traceOf(line);
  await writeFile(join(dir, 'trace.html'), 'mine');
  const { status, err } = await typed(['timeline', trace]);
  expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining('is there already, and is not replaced') });
  expect(await readFile(join(dir, 'trace.html'), 'utf8')).toBe('mine');
});

it('given a trace that ends in the middle of a line, then that is left out, and said', async () => {
  const { dir, trace } = await traceOf(`${line}{"v":1,"at`);
  const { status, out } = await typed(['timeline', trace]);
  expect(status).toBe(0);
  expect(out).toContain(`${join(dir, 'trace.html')}: 1 events`);
  expect(out).toContain('line 2 is cut short, and left out');
});

it.each([
  ['a line that is no event', `${line}{"v":1}\n`, /is no trace: line 2: expected a number in "atMs", found none/],
  ['a file without events', '\n', /holds no events/],
])('given %s, then it says so, and leaves nothing behind', async (_what, text, message) => {
  const { dir, trace } = await traceOf(text);
  const { status, out, err } = await typed(['timeline', trace]);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toMatch(message);
  await expect(readFile(join(dir, 'trace.html'))).rejects.toThrow('ENOENT');
});

it('given a file that is not there, then it says so', async () => {
  const { dir } = await scratch();
  expect(await typed(['timeline', join(dir, 'none')])).toMatchObject({
    status: 2,
    err: expect.stringContaining('it is not there'),
  });
});
