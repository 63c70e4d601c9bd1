import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createTestCluster, type TestCluster } from '@commitlog/agent';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { commitlog, lastLine, type Result, scratch, typed } from '../command-line.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await createTestCluster({ nodes: 3 });
}, 30_000);

afterAll(() => cluster.stop());

function run(...args: string[]): Promise<Result> {
  return typed([...args, '--insecure', '--servers', cluster.addresses.join(',')]);
}

async function append(...values: string[]): Promise<void> {
  const leader = await cluster.leader();
  const { ApiChannel, ChannelCredentials, logV1 } = await import('@commitlog/api');
  using channel = new ApiChannel({ target: leader.address }, { credentials: ChannelCredentials.createInsecure() });
  const log = channel.client(logV1.LogDefinition);
  for (const value of values)
    await log.produce({ log: '', record: { value: Buffer.from(value), offset: 0n, term: 0n, type: 0 } });
}

describe('a cluster of three that is well', () => {
  it('status says so, in a sentence and in numbers, with 0', async () => {
    const { status, out } = await run('cluster', 'status');
    expect(out).toMatch(
      /^All 3 voters are up: one more node may be lost, and appends go on\.\n\n {2}cluster +[0-9a-f]{32}\n/,
    );
    expect(out).toMatch(/^ {2}voters +n1, n2, n3; 3 wanted$/m);
    expect(status).toBe(0);
    const json = lastLine((await run('cluster', 'status', '--json')).out);
    expect(json).toMatchObject({ voters: 3, votersUp: 3, quorum: 2, mayBeLost: 1, isWell: true, learners: 0 });
    expect(json.term).toBeTypeOf('number');
  });

  it('members lists them, whichever server is asked, with what only the leader knows', async () => {
    const { out } = await run('cluster', 'members');
    expect(out).toMatch(/^ {2}n1 +127\.0\.0\.1:\d+ +(leader|voter) +alive +\d+$/m);
    const lines = (await run('cluster', 'members', '--output', 'ndjson')).out.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { nodeId: string }).nodeId)).toEqual(['n1', 'n2', 'n3']);
    for (const line of lines) expect((JSON.parse(line) as { matchIndex: unknown }).matchIndex).toBeTypeOf('number');
  });

  it('transfer hands over to whom it names, whoever leads', async () => {
    for (const node of ['n2', 'n3', 'n3']) {
      const { status, out } = await run('cluster', 'transfer', node);
      expect({ status, out }).toMatchObject({
        status: 0,
        out: expect.stringMatching(`^${node} leads, in term \\d+\n$`),
      });
    }
    const { status, err } = await run('cluster', 'transfer', 'n9');
    expect({ status, err }).toEqual({ status: 4, err: 'commitlog: "n9" is no voter, and cannot lead\n' });
  });

  it('log info and trim: what there is, what would go, and what went', async () => {
    await append('a', 'b', 'c', 'd');
    expect(lastLine((await run('log', 'info', '--json')).out)).toMatchObject({
      log: 'default',
      start: 0,
      end: 4,
      records: 4,
    });
    expect((await run('log', 'info')).out).toMatch(/^ {2}records +4, offsets 0 to 3$/m);
    expect(await run('log', 'trim', '--before', '2', '--dry-run')).toMatchObject({
      status: 0,
      out: 'up to 2 records would go, offsets 0 to 1; a batch stays whole\n',
    });
    expect(lastLine((await run('log', 'info', '--json')).out)).toMatchObject({ start: 0 });
    expect(await run('log', 'trim', '--before', '2')).toMatchObject({
      status: 0,
      out: 'removed 2 records: the log starts at offset 2 now\n',
    });
    for (const also of [[], ['--dry-run']]) {
      expect(await run('log', 'trim', '--before', '9', ...also)).toMatchObject({
        status: 4,
        err: expect.stringContaining('offset 9'),
      });
    }
    expect(await run('log', 'info', '--log', 'nope')).toMatchObject({
      status: 4,
      err: expect.stringContaining('nope'),
    });
    expect(await run('log', 'trim')).toMatchObject({ status: 2, err: expect.stringContaining('--before') });
  });
});

describe('who answers', () => {
  it('a server that does not is passed over', async () => {
    const servers = `127.0.0.1:1,${cluster.addresses[0]}`;
    const { status } = await typed(['cluster', 'status', '--insecure', '--servers', servers]);
    expect(status).toBe(0);
  });

  it('a server that is reached and says nothing leaves time for the others, and keeps no process', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const passedOver = await typed([
      'cluster',
      'status',
      '--insecure',
      '--servers',
      `${address},${cluster.addresses[0]}`,
    ]);
    expect(passedOver.status).toBe(0);

    const { dir } = await scratch();
    await typed(['cert', 'ca'], { cwd: dir });
    await typed(['cert', 'client', 'root'], { cwd: dir });
    const me = ['--tls-ca', 'ca/ca.crt', '--tls-cert', 'root.crt', '--tls-key', 'root.key'];
    const asked = ['cluster', 'status', ...me, '--servers', address, '--deadline', '500ms'];
    const { status, err } = await commitlog(['-C', dir, ...asked]);
    expect({ status, err }).toEqual({ status: 3, err: expect.stringMatching(/^commitlog: no server answers\./) });
  }, 20_000);

  it('nobody: status 3, each server with its reason, and JSON for whoever reads JSON', async () => {
    const { status, out, err } = await typed([
      'cluster',
      'status',
      '--insecure',
      '--servers',
      '127.0.0.1:1,127.0.0.1:2',
      '--json',
    ]);
    expect(status).toBe(3);
    expect(err).toMatch(/^commitlog: no server answers\. 127\.0\.0\.1:1: .*ECONNREFUSED.*; 127\.0\.0\.1:2: .*\n$/);
    expect(lastLine(out)).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  });

  it('certificates that are not there: status 2, before anything is sent', async () => {
    const files = '--tls-ca /nowhere/ca.crt --tls-cert /nowhere/me.crt --tls-key /nowhere/me.key';
    const { status, err } = await typed(['cluster', 'status', ...files.split(' ')]);
    expect(status).toBe(2);
    expect(err).toMatch(/^commitlog: \/nowhere\/\S+ cannot be read: it is not there\n$/);
  });
});

// Last: it changes who there is.
describe('nodes come, go, and fail', () => {
  it('a node that is stopped is missed: status 1, and no other may be lost', async () => {
    const leader = (await cluster.leader()).node.log.member.self;
    const follower = ['n1', 'n2', 'n3'].find((node) => !leader.startsWith(`${node}@`))!;
    await cluster.stopNode(follower);
    await expect
      .poll(async () => (await run('cluster', 'status')).out, { timeout: 15_000 })
      .toMatch(new RegExp(`^2 of 3 voters are up \\(${follower} is (stopped|down)\\): no node may be lost`));
    expect((await run('cluster', 'status')).status).toBe(1);

    expect(await run('cluster', 'remove', follower)).toMatchObject({
      status: 0,
      out: expect.stringContaining('is no member any more'),
    });
    const members = lastLine((await run('cluster', 'members', '--json')).out).members;
    expect(members).toContainEqual(expect.objectContaining({ nodeId: follower, role: 'removed' }));
    expect(await run('cluster', 'add', follower)).toMatchObject({
      status: 0,
      out: expect.stringContaining('may be a member'),
    });
    expect(await run('cluster', 'remove', 'n9')).toMatchObject({ status: 4 });
  }, 30_000);

  it('without a leader a change is waited for until the deadline: status 3, as a process, too', async () => {
    const [one, ...others] = [...cluster.agents.keys()];
    for (const node of others) await cluster.stopNode(node);
    const server = cluster.agents.get(one!)!.address;
    await expect
      .poll(
        async () =>
          lastLine((await typed(['cluster', 'status', '--insecure', '--servers', server, '--json'])).out).leaderId,
        { timeout: 15_000 },
      )
      .toBe('');
    const { status, err } = await commitlog([
      'cluster',
      'transfer',
      '--insecure',
      '--servers',
      server,
      '--deadline',
      '700ms',
    ]);
    expect({ status, err }).toEqual({ status: 3, err: 'commitlog: the cluster had no leader for 700 ms\n' });
  }, 30_000);
});
