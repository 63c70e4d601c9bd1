import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestCluster } from '@commitlog/agent';
import { expect, it, onTestFinished } from 'vitest';
import { lastLine, scratch, typed } from '../command-line.js';

it('generate makes another key each time: on standard output, or in a file for its owner alone', async () => {
  const { dir } = await scratch();
  const keys = await Promise.all([typed(['keyring', 'generate']), typed(['keyring', 'generate'])]);
  expect(new Set(keys.map(({ out }) => out)).size).toBe(2);
  for (const { out } of keys) expect(out).toMatch(/^[0-9a-f]{64}\n$/);
  const path = join(dir, 'gossip.keyring');
  expect((await typed(['keyring', 'generate', path])).out).not.toMatch(/[0-9a-f]{64}/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const written = await readFile(path, 'utf8');
  expect(await typed(['keyring', 'generate', path])).toMatchObject({
    status: 2,
    err: expect.stringContaining('is there already'),
  });
  expect(await readFile(path, 'utf8')).toBe(written);
});

it('a rotation, from a new key to the old one forgotten, on every node and in its file', async () => {
  const { dir } = await scratch();
  const path = (name: string): string => join(dir, name);
  await typed(['keyring', 'generate', path('n1.keyring')]);
  const old = (await readFile(path('n1.keyring'), 'utf8')).trim();
  const cluster = await createTestCluster({ nodes: 1, settings: { 'gossip.keyring': path('n1.keyring') } });
  onTestFinished(() => cluster.stop());
  const run = (...args: string[]) =>
    typed(['keyring', ...args, '--insecure', '--servers', cluster.addresses[0]!], { cwd: dir });
  const list = async () =>
    lastLine((await run('list', '--json')).out).keys as { id: string; sealingNodeIds: string[] }[];
  const [before] = await list();
  expect(before).toMatchObject({ nodeIds: ['n1'], sealingNodeIds: ['n1'] });

  await typed(['keyring', 'generate', path('next.keyring')]);
  const next = (await readFile(path('next.keyring'), 'utf8')).trim();
  expect(await run('install', 'next.keyring')).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^every node can open gossip with [0-9a-f]{16}\n$/),
  });
  const after = (await list()).find(({ id }) => id !== before!.id)!;
  expect(await run('remove', before!.id)).toMatchObject({ status: 4, err: expect.stringContaining('still') });
  expect((await run('use', after.id)).status).toBe(0);
  expect((await run('remove', before!.id)).out).toBe(`every node has forgotten ${before!.id}\n`);
  expect(await list()).toEqual([{ id: after.id, nodeIds: ['n1'], sealingNodeIds: ['n1'] }]);
  const file = await readFile(path('n1.keyring'), 'utf8');
  expect(file).toContain(next);
  expect(file).not.toContain(old);

  // From standard input, so that a secret store may hand it over; and what is no key.
  const input = [Buffer.from(`# comment\n${old}\n`)];
  const args = ['keyring', 'install', '-', '--insecure', '--servers', cluster.addresses[0]!];
  expect((await typed(args, { input })).out).toContain(before!.id);
  expect(await typed(args, { input: [Buffer.from('abc\n')] })).toMatchObject({
    status: 2,
    err: expect.stringContaining('64 hexadecimal digits'),
  });
  expect(await run('use', 'abc')).toMatchObject({ status: 4 });
}, 30_000);

it('list has status 1 where a node cannot open what another seals, and says who', async () => {
  const { dir } = await scratch();
  const [one, other] = [join(dir, 'n1.keyring'), join(dir, 'n2.keyring')];
  for (const path of [one, other]) await typed(['keyring', 'generate', path]);
  const cluster = await createTestCluster({ nodes: 1, settings: { 'gossip.keyring': one } });
  onTestFinished(() => cluster.stop());
  await cluster.startNode('n2', { 'gossip.keyring': other });
  const list = () => typed(['keyring', 'list', '--insecure', '--servers', cluster.addresses[0]!]);
  await expect
    .poll(async () => (await list()).err, { timeout: 15_000 })
    .toMatch(/^commitlog: n[12] cannot open what n[12] seals with [0-9a-f]{16}: install/);
  expect((await list()).status).toBe(1);
}, 30_000);
