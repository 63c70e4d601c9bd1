import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commitlog, lastLine, packageDirectory, program, typed } from './command-line.js';
import { someLog } from './some-log.js';

describe('wrong usage: what is wrong and how it is used, on standard error, and status 2', () => {
  it.each([
    ['no command', [], 'Usage: commitlog'],
    ['an unknown command', ['demoo'], "commitlog: unknown command 'demoo'"],
    ['an unknown command of log', ['log', 'burn'], "commitlog: unknown command 'burn'"],
    ['an unknown flag', ['demo', '--nope'], "commitlog: unknown option '--nope'"],
    ['a missing argument', ['log', 'verify'], "commitlog: missing required argument 'dir'"],
    ['one argument too many', ['log', 'inspect', 'a', 'b'], 'commitlog: too many arguments'],
  ])('%s', async (_, args, message) => {
    const { status, out, err } = await typed(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(message);
    expect(err).toContain('Usage: commitlog');
  });

  it('as a process: the status is 2, and no stack is shown', async () => {
    const { status, out, err } = await commitlog(['demo', '--nope']);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^commitlog: unknown option '--nope'$/m);
    expect(err).not.toMatch(/^ +at /m);
  });
});

it.each([['--help'], ['demo', '--help'], ['log', '--help'], ['log', 'verify', '--help'], ['--version']])(
  'asking is no mistake: %s %s',
  async (...args) => {
    const { status, err, out } = await typed(args.filter((arg) => typeof arg === 'string'));
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).not.toBe('');
  },
);

describe('the form of the output', () => {
  it.each([
    ['--json before the command', ['--json', 'log', 'inspect', '/nowhere'], {}],
    ['--json behind it', ['log', 'inspect', '/nowhere', '--json'], {}],
    ['--output json', ['log', 'inspect', '/nowhere', '--output', 'json'], {}],
    ['--output ndjson', ['--output', 'ndjson', 'log', 'inspect', '/nowhere'], {}],
    ['COMMITLOG_OUTPUT', ['log', 'inspect', '/nowhere'], { COMMITLOG_OUTPUT: 'json' }],
  ])('%s: an error is JSON, too', async (_, args, environment) => {
    const { status, out, err } = await typed(args, { environment });
    expect(status).toBe(2);
    expect(lastLine(out)).toMatchObject({ error: { message: err.replace(/^commitlog: |\n$/g, '') } });
  });

  it.each([
    ['unknown', ['log', 'inspect', '/nowhere', '--output', 'xml'], {}, 'Allowed choices are table, json, ndjson'],
    ['contradicting', ['log', 'inspect', '/nowhere', '--json', '--output', 'table'], {}, '--json and --output table'],
    ['unknown, exported', ['log', 'inspect', '/nowhere'], { COMMITLOG_OUTPUT: 'xml' }, 'COMMITLOG_OUTPUT is "xml"'],
  ])('%s: refused', async (_, args, environment, message) => {
    const { status, err } = await typed(args, { environment: environment as Record<string, string> });
    expect(status).toBe(2);
    expect(err).toContain(message);
  });
});

it('whoever stops reading the output (`| head`) does not stop the work, nor change its status', async () => {
  const dir = await someLog();
  const child = spawn(process.execPath, [program, 'log', 'verify', dir], { cwd: packageDirectory });
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdout.destroy();
  const [status] = await once(child, 'close');
  expect(Buffer.concat(errors).toString()).toBe('');
  expect(status).toBe(0);
});

it.skipIf(!existsSync('/dev/full'))(
  'output that a full disk does not take is told, without a stack, and has status 2',
  async () => {
    const full = await open('/dev/full', 'w');
    onTestFinished(() => full.close());
    const child = spawn(process.execPath, [program, 'errors'], {
      cwd: packageDirectory,
      stdio: ['ignore', full.fd, 'pipe'],
    });
    const errors: Buffer[] = [];
    child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk));
    const [status] = await once(child, 'close');
    const err = Buffer.concat(errors).toString();
    expect({ status, err }).toEqual({
      status: 2,
      err: expect.stringMatching(/^commitlog: the output cannot be written: ENOSPC.*\n$/),
    });
  },
);
