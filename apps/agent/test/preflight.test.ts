import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, saveIssued } from '@commitlog/auth';
import { nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { expect, it, onTestFinished } from 'vitest';
import { resolveConfiguration } from '../src/configuration/configuration.js';
import { preflight } from '../src/preflight.js';

const world = { files: nodeFiles, clock: nodeClock, random: nodeRandom, crypto };

async function prepared(): Promise<{ readonly dir: string; readonly check: () => Promise<unknown> }> {
  const dir = await mkdtemp(join(tmpdir(), 'commitlog-preflight-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = (name: string): string => join(dir, name);
  const authority = await createAuthority({ dir: path('ca'), name: 'test CA' }, world);
  const issued = await authority.issue({ kind: 'node', cluster: 'commitlog', nodeId: 'n1', hosts: ['localhost'] });
  await saveIssued(issued, { certificate: path('n1.crt'), key: path('n1.key') }, world);
  await writeFile(path('policy.csv'), 'p, root, *, *, allow\n');
  await writeFile(path('keyring'), `${'ab'.repeat(32)}\n`, { mode: 0o600 });
  const settings = {
    'tls.ca': path('ca/ca.crt'),
    'tls.cert': path('n1.crt'),
    'tls.key': path('n1.key'),
    'acl.policy': path('policy.csv'),
    'gossip.keyring': path('keyring'),
  };
  const { configuration } = resolveConfiguration({ settings });
  return { dir, check: () => preflight(configuration, world) };
}

it('given files that a start would take, then it says which node it would be', async () => {
  const { check } = await prepared();
  expect(await check()).toEqual({ nodeId: 'n1' });
});

it.each([
  ['a policy that was cut short', 'policy.csv', 'p, root, *', /policy\.csv/],
  ['a keyring that holds no key', 'keyring', '# nothing\n', /keyring/],
  ['a certificate that is none', 'n1.crt', 'none', /n1\.crt/],
])('given %s, then it is refused', async (_, name, content, message) => {
  const { dir, check } = await prepared();
  await writeFile(join(dir, name), content);
  await expect(check()).rejects.toThrow(message);
});

it('given a key that others may read, then it is refused', async () => {
  const { dir, check } = await prepared();
  await chmod(join(dir, 'n1.key'), 0o644);
  await expect(check()).rejects.toThrow(/n1\.key.*chmod 600/);
});
