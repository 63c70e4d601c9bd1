import { createPrivateKey, X509Certificate } from 'node:crypto';
import { copyFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lastLine, scratch, typed } from '../command-line.js';

async function authority() {
  const { dir } = await scratch();
  const run = (...args: string[]) => typed(args, { cwd: dir });
  expect((await run('cert', 'ca', '--name', 'shop CA')).status).toBe(0);
  const read = async (name: string) => new X509Certificate(await readFile(join(dir, name)));
  return { dir, run, read };
}

it('an authority, nodes and clients: who they are, for how long, and keys for their owner alone', async () => {
  const { dir, run, read } = await authority();
  const nodes = await run(
    'cert',
    'node',
    'n1',
    'n2',
    '--host',
    'n.example, 10.0.0.1',
    '--cluster-name',
    'shop',
    '--json',
  );
  expect(lastLine(nodes.out).certificates).toMatchObject([{ name: 'n1' }, { name: 'n2', key: join(dir, 'n2.key') }]);
  await run('cert', 'client', 'till-3', '--out', 'clients', '--days', '7');

  const [ca, n2, till] = [await read('ca/ca.crt'), await read('n2.crt'), await read('clients/till-3.crt')];
  expect(n2.checkIssued(ca) && n2.verify(ca.publicKey)).toBe(true);
  expect(n2.subjectAltName).toBe('URI:spiffe://shop/node/n2, DNS:n.example, IP Address:10.0.0.1');
  expect(n2.checkPrivateKey(createPrivateKey(await readFile(join(dir, 'n2.key'))))).toBe(true);
  expect(till.subject).toBe('CN=till-3');
  expect(Math.round((Date.parse(till.validTo) - Date.now()) / 86_400_000)).toBe(7);
  for (const key of ['ca/ca.key', 'n1.key', 'clients/till-3.key']) {
    expect([key, (await stat(join(dir, key))).mode & 0o777]).toEqual([key, 0o600]);
  }
});

it('inspect says who a certificate is to a server', async () => {
  const { run } = await authority();
  await run('cert', 'node', 'n1');
  await run('cert', 'client', 'root');
  const { status, out } = await run('cert', 'inspect', 'n1.crt', 'root.crt', 'ca/ca.crt');
  expect(status).toBe(0);
  expect(out).toMatch(/^ {2}holder +node n1 of cluster commitlog \(spiffe:\/\/commitlog\/node\/n1\)$/m);
  expect(out).toMatch(/^ {2}holder +client root$/m);
  expect(out).toMatch(/^ {2}hosts +localhost, 127\.0\.0\.1, 0:0:0:0:0:0:0:1$/m);
  expect(out).toMatch(/^ {2}valid +\S+ to \S+: good for 89 more days$/m);
  const issued = (await run('cert', 'inspect', '--output', 'ndjson')).out.trimEnd().split('\n');
  expect(issued.map((line) => (JSON.parse(line) as { commonName: string }).commonName).sort()).toEqual(['n1', 'root']);
});

it('renew replaces certificate and key for the same holder; the earlier one stays good', async () => {
  const { run, read, dir } = await authority();
  await run('cert', 'node', 'n1', '--host', 'a.example');
  const [before, keyBefore] = [await read('n1.crt'), await readFile(join(dir, 'n1.key'), 'utf8')];
  const { status, out } = await run('cert', 'renew', 'n1.crt', '--days', '30', '--json');
  const after = await read('n1.crt');
  expect(status).toBe(0);
  expect(lastLine(out).certificates).toMatchObject([
    { serialNumber: after.serialNumber, replaced: before.serialNumber },
  ]);
  expect(after.subjectAltName).toBe(before.subjectAltName);
  expect(after.serialNumber).not.toBe(before.serialNumber);
  expect(await readFile(join(dir, 'n1.key'), 'utf8')).not.toBe(keyBefore);
  expect((await run('cert', 'inspect', '--json')).out).not.toContain('"isRevoked":true');
});

it('revoke, by file or by number; without any the list is signed anew', async () => {
  const { run, read, dir } = await authority();
  await run('cert', 'client', 'a', 'b');
  const list = () => readFile(join(dir, 'ca/ca.crl'), 'utf8');
  const empty = await list();
  expect((await run('cert', 'revoke', 'a.crt', (await read('b.crt')).serialNumber.toLowerCase())).status).toBe(0);
  const issued = lastLine((await run('cert', 'inspect', '--json')).out).certificates;
  expect(issued).toMatchObject([{ isRevoked: true }, { isRevoked: true }]);
  const revoked = await list();
  expect(revoked).not.toBe(empty);
  expect((await run('cert', 'revoke')).out).toMatch(/^signed anew: .*ca\.crl/);
  expect(await list()).not.toBe(revoked);
  expect(await run('cert', 'revoke', 'a.crt')).toMatchObject({
    status: 2,
    err: expect.stringContaining('revoked before'),
  });
  expect(await run('cert', 'renew', 'a.crt')).toMatchObject({ status: 2, err: expect.stringContaining('was revoked') });
});

describe('nothing is done, status 2, and what to do is said', () => {
  it.each([
    ['a second authority', ['cert', 'ca'], /ca/],
    ['no authority', ['cert', 'client', 'a', '--ca-dir', 'nowhere'], /nowhere/],
    ['a subject that looks like a role', ['cert', 'client', 'role:operator'], /cannot be a subject/],
    ['a node without a host', ['cert', 'node', 'n9', '--host', ''], /neither a name nor an IP address/],
    [
      'a certificate for longer than its authority',
      ['cert', 'client', 'a', '--days', '3650'],
      /authority itself expires|days/,
    ],
    ['a file that is there', ['cert', 'client', 'root'], /root\.crt is there already, and is not replaced/],
    ['one name twice', ['cert', 'node', 'n1', 'n1'], /"n1" and "n1" would both have their key in \S+n1\.key/],
    ['two names, one file', ['cert', 'client', 'a/b', 'a_b'], /"a\/b" and "a_b" would both/],
    ['a file where a directory is to be', ['cert', 'client', 'a', '--out', 'root.crt'], /there is a file in its place/],
    ['no certificate', ['cert', 'inspect', 'root.key'], /root\.key has no certificate: expected PEM/],
    ['a directory', ['cert', 'inspect', 'ca'], /ca cannot be read: it is a directory/],
    ['a number that is none', ['cert', 'client', 'a', '--days', '1.5'], /Expected a whole number/],
    ['a serial number of nobody', ['cert', 'revoke', '0123456789ABCDEF'], /no certificate with the serial number/],
  ])('%s', async (_, args, message) => {
    const { run } = await authority();
    await run('cert', 'client', 'root');
    const { status, out, err } = await run(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(message);
  });
});

it('a subject with a slash stays in its directory', async () => {
  const { dir, run } = await authority();
  const { out } = await run('cert', 'client', '../../etc/x', '--json');
  expect(lastLine(out).certificates).toMatchObject([{ certificate: join(dir, '__.._etc_x.crt') }]);
});

describe('a certificate is not renewed where its key is not beside it, and nothing changes', () => {
  it.each([
    ['elsewhere', 'moved.crt', /moved\.key cannot be read: it is not there/],
    ['that of another', 'b.crt', /b\.key is not the key of \S+b\.crt: nothing was changed/],
    ['kept nowhere, as in the register of the authority', 'ca/issued', /\.key cannot be read: it is not there/],
  ])('%s', async (_, named, message) => {
    const { dir, run } = await authority();
    await run('cert', 'client', 'a', 'b');
    await copyFile(join(dir, 'a.crt'), join(dir, 'moved.crt'));
    await copyFile(join(dir, 'a.key'), join(dir, 'b.key'));
    const [registered] = await readdir(join(dir, 'ca/issued'));
    const file = named === 'ca/issued' ? `ca/issued/${registered}` : named;
    const before = await readFile(join(dir, file), 'utf8');
    const { status, err } = await run('cert', 'renew', file);
    expect({ status, err }).toEqual({ status: 2, err: expect.stringMatching(message) });
    expect(await readFile(join(dir, file), 'utf8')).toBe(before);
    expect(await readdir(join(dir, 'ca/issued'))).toHaveLength(2);
  });
});
