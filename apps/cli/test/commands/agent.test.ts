import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '@commitlog/runtime/node';
import { expect, it, onTestFinished } from 'vitest';
import { lastLine, packageDirectory, program, scratch, typed } from '../command-line.js';

it('what follows the command is the agent’s, also where another command has a flag of that name', async () => {
  const { out } = await typed(['agent', '--tls-ca', 'ca.crt', '--insecure', '--retention-max-age', '7 d', '--help']);
  expect(out).toBe('agent --tls-ca ca.crt --insecure --retention-max-age 7 d --help\n');
});

it('-C names a directory that is not there: status 2, and it is said', async () => {
  expect(await typed(['-C', '/nowhere', 'agent', '--insecure'])).toEqual({
    status: 2,
    out: '',
    err: 'commitlog: /nowhere cannot be read: it is not there\n',
  });
});

it('runs a node in a directory below -C, which other commands find, and which ends with 0 when it is told to', async () => {
  const { dir } = await scratch();
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const settings = `--insecure --node-id n1 --data-dir data --bootstrap --listen ${address} --admin-addr 127.0.0.1:0`;
  const child = spawn(process.execPath, [program, '-C', dir, 'agent', ...settings.split(' ')], {
    cwd: packageDirectory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  await expect.poll(() => Buffer.concat(said).toString(), { timeout: 20_000 }).toContain('"serving"');

  // It serves before it has elected itself.
  const status = () => typed(['cluster', 'status', '--insecure', '--servers', address, '--json']);
  await expect.poll(async () => (await status()).status, { timeout: 10_000 }).toBe(0);
  expect(lastLine((await status()).out)).toMatchObject({ nodeId: 'n1', leaderId: 'n1', voters: 1 });
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([0, null]);
  // Its data directory is enough to look at its log.
  expect(lastLine((await typed(['log', 'verify', 'data', '--json'], { cwd: dir })).out)).toMatchObject({
    isSound: true,
    dir: `${dir}/data/logs/default/log`,
  });
});
