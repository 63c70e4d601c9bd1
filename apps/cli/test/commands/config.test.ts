import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lastLine, scratch, typed } from '../command-line.js';

const yaml = 'node-id: n1\ninsecure: true\nretention:\n  max-age: 7 d\n';

describe('config show', () => {
  it('says what each setting is, and where that comes from', async () => {
    const { dir } = await scratch();
    await writeFile(join(dir, 'n1.yaml'), yaml);
    const environment = { COMMITLOG_TARGET_VOTERS: '5', COMMITLOG_SERVERS: 'a:1', COMMITLOG_DEADLINE: '1s' };
    const args = ['config', 'show', '--config', 'n1.yaml', '--listen', '127.0.0.1:7000'];
    const { status, out } = await typed(args, { cwd: dir, environment });
    expect(status).toBe(0);
    expect(out).toMatch(/^ {2}node-id +n1 +n1\.yaml:1$/m);
    expect(out).toMatch(/^ {2}listen +127\.0\.0\.1:7000 +--listen$/m);
    expect(out).toMatch(/^ {2}target-voters +5 +COMMITLOG_TARGET_VOTERS$/m);
    const json = await typed([...args, '--json'], { cwd: dir, environment });
    expect(lastLine(json.out).settings).toContainEqual({
      path: 'retention.max-age',
      value: '7 d',
      origin: 'n1.yaml:4',
    });
  });

  it('what is no ordinary file, such as a pipe, does not pass for an empty one', async () => {
    const { status, err } = await typed(['config', 'show', '--insecure', '--config', '/dev/zero']);
    expect({ status, err }).toEqual({ status: 2, err: 'commitlog: /dev/zero is not an ordinary file\n' });
  });

  it('tells every mistake at once, and has status 2', async () => {
    const { status, out, err } = await typed(['config', 'show', '--insecure', '--node-id', '..', '--colour', 'red']);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/node-id \(--node-id\): expected 1 to 64 letters/);
    expect(err).toMatch(/--colour/);
  });

  it('a file that is not there is named', async () => {
    const { status, err } = await typed(['config', 'show', '--config', '/nowhere/n1.yaml']);
    expect(status).toBe(2);
    expect(err).toBe('commitlog: /nowhere/n1.yaml cannot be read: it is not there\n');
  });
});

describe('config validate', () => {
  async function secured() {
    const { dir } = await scratch();
    const run = (...args: string[]) => typed(args, { cwd: dir });
    await run('cert', 'ca');
    await run('cert', 'node', 'n1', 'n2');
    await run('acl', 'init', 'policy.csv');
    await run('keyring', 'generate', 'gossip.keyring');
    const files =
      '--tls-ca ca/ca.crt --tls-cert n1.crt --tls-key n1.key --acl-policy policy.csv --gossip-keyring gossip.keyring';
    return { dir, run, validate: (...more: string[]) => run('config', 'validate', ...files.split(' '), ...more) };
  }

  it('reads every file as a start would, and says which node this would be', async () => {
    const { validate } = await secured();
    const { status, out } = await validate('--listen', '10.0.0.1:7654');
    expect(out).toMatch(
      /^valid: this would be node n1; its files can be used: tls\.ca, tls\.cert, .*gossip\.keyring\n$/,
    );
    expect(status).toBe(0);
  });

  it.each([
    ['a key of another certificate', ['--tls-key', 'n2.key'], /n2\.key is not the key of the certificate/],
    ['another node than the certificate says', ['--node-id', 'n9'], /node-id is "n9", and .* certificate of "n1"/],
    ['another cluster', ['--cluster-name', 'other'], /no certificate of a node of cluster "other"/],
    ['a keyring that is none', ['--gossip-keyring', 'policy.csv'], /policy\.csv/],
    ['a policy that is none', ['--acl-policy', 'gossip.keyring'], /gossip\.keyring/],
    ['a file that is not there', ['--tls-crl', 'nowhere.crl'], /nowhere\.crl/],
  ])('%s: status 2, and what is wrong', async (_, args, message) => {
    const { validate } = await secured();
    const { status, out, err } = await validate(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(message);
  });

  it('a keyring that others may read is refused', async () => {
    const { dir, validate } = await secured();
    await chmod(join(dir, 'gossip.keyring'), 0o644);
    const { status, err } = await validate();
    expect(status).toBe(2);
    expect(err).toMatch(/gossip\.keyring.*chmod 600/);
  });
});
