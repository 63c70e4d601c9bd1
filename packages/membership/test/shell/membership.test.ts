import { createSocket } from 'node:dgram';
import { nodeDatagrams } from '@commitlog/runtime/node';
import { SimulatedDisk } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { FileStore, Keyring, type Membership, type MembershipEvent } from '../../src/index.js';
import { alive, key, loopback, member, startMember, until } from './world.js';

test.each(['127.0.0.1', '::1'])(
  'given three members on %s, then all know each other, their tags, and who leaves',
  async (host) => {
    const init = { bind: { host, port: 0 } };
    const a = await startMember('a', { init: { ...init, tags: { role: 'voter', port: 8400 } } });
    const events: MembershipEvent[] = [];
    const reading = (async () => {
      for await (const event of a.events()) events.push(event);
    })();
    const [b, c] = [await startMember('b', { init }), await startMember('c', { init })];
    expect(await b.join([a.self.address])).toBe(1);
    expect(await c.join([b.self.address])).toBe(1);
    await until('all know each other', () => [a, b, c].every((each) => alive(each).join() === 'a,b,c'));
    expect(c.member('a')!.tags).toEqual({ role: 'voter', port: 8400 });
    c.setTags({ role: 'learner' });
    await until('a knows the new tags', () => a.member('c')!.tags.role === 'learner');
    await Promise.all([b.leave(), b.leave()]);
    await until('a and c know', () => [a, c].every((each) => each.member('b')!.status === 'left'));
    await a.stop();
    await reading;
    const told = events.map((event) => `${event.member.name} ${event.kind}`);
    expect(told).toEqual(['b joined', 'c joined', 'c updated', 'b left']);
  },
);

test('given a member that stops without a word, then the others find out', async () => {
  const a = await startMember('a');
  const b = await startMember('b');
  await b.join([a.self.address]);
  await b.stop();
  await until('a has given b up', () => a.member('b')!.status === 'failed');
});

test('given all down, one of them back at a new address, then they find each other by what they saved', {
  timeout: 60_000,
}, async () => {
  const disks = new Map(['a', 'b', 'c'].map((name) => [name, new SimulatedDisk()]));
  const saving = async (name: string): Promise<Membership> => {
    const { files } = disks.get(name)!;
    await files.makeDirectory('/data');
    const components = { store: new FileStore({ directory: '/data' }, { files }) };
    return startMember(name, { init: { bind: { host: '127.0.0.1', port: ports.get(name) ?? 0 } }, components });
  };
  const ports = new Map<string, number>();
  const first = [await saving('a'), await saving('b'), await saving('c')];
  for (const each of first.slice(1)) await each.join([first[0]!.self.address]);
  await until('all know each other', () => first.every((each) => alive(each).length === 3));
  for (const each of first) ports.set(each.self.name, each.self.address.port);
  const before = first.map((each) => each.self.incarnation);
  await Promise.all(first.map((each) => each.stop()));

  ports.delete('c');
  const second = await Promise.all(['a', 'b', 'c'].map(saving));
  const { port } = second[2]!.self.address;
  await until('all know each other again', () =>
    second.every((each) => alive(each).length === 3 && each.member('c')!.address.port === port),
  );
  for (const [at, each] of second.entries()) expect(each.self.incarnation).toBeGreaterThan(before[at]!);
});

test('given no keyring, then it runs on loopback alone, and says so', async () => {
  const components = { keyring: undefined } as never;
  const wanted = (bind: object, advertise?: object) => () =>
    member('a', { init: { bind, advertise } as never, components });
  expect(wanted({ host: '10.0.0.1', port: 0 })).toThrow(/loopback addresses, got 10\.0\.0\.1:0 .*pass a keyring/);
  expect(wanted(loopback, { host: '10.0.0.1', port: 0 })).toThrow(/pass a keyring/);
  const [a, b] = [await startMember('a', { components }), await startMember('b', { components })];
  expect(a.isSealed).toBe(false);
  await b.join([a.self.address]);
  expect(alive(a)).toEqual(['a', 'b']);
});

test('given another cluster or another key, then nobody joins, and the message says where it tried', async () => {
  const a = await startMember('a');
  const text = `127.0.0.1:${a.self.address.port}`;
  const strangers = [
    await startMember('b', { init: { cluster: 'another' } }),
    await startMember('c', { components: { keyring: new Keyring(new Uint8Array(32).fill(9)) } }),
  ];
  for (const stranger of strangers) {
    await expect(stranger.join([a.self.address])).rejects.toMatchObject({
      code: 'ERR_MEMBERSHIP_JOIN',
      message: expect.stringContaining(`nobody answered at ${text}`),
    });
  }
  expect(alive(a)).toEqual(['a']);
  expect(a.counters.streamsRefused).toBe(2);
});

test('given packets of a sender without the key, then none is answered, and each costs a counter', async () => {
  const a = await startMember('a');
  const answers: Uint8Array[] = [];
  const stranger = await nodeDatagrams.bind(loopback, (packet) => answers.push(packet));
  for (let at = 0; at < 50; at++) stranger.send(new Uint8Array(300).fill(at), a.self.address);
  await until('all have come in', () => a.counters.foreign + a.counters.unauthenticated === 50);
  await stranger.close();
  expect(answers).toEqual([]);
});

test('given every address of a machine, then it has to be said which one is for others', () => {
  expect(() => member('a', { init: { bind: { host: '0.0.0.0', port: 0 } } })).toThrow(/say with advertise/);
  const bind = { host: '0.0.0.0', port: 0 };
  expect(() => member('a', { init: { bind, advertise: { host: '::1', port: 0 } } })).toThrow(/both be IPv4/);
});

test('given an address of its own for others, then they are told that one', async () => {
  const bind = { host: '0.0.0.0', port: 0 };
  const a = await startMember('a', { init: { bind, advertise: { host: '127.0.0.1', port: 0 } } });
  expect(a.self.address.host).toBe('127.0.0.1');
  const b = await startMember('b');
  await b.join([a.self.address]);
  await until('b is probed and answers', () => a.counters.probes > 1 && a.counters.probesFailed === 0);
});

test('given a port that somebody has, then start says so, and stop is harmless', async () => {
  const taken = createSocket('udp4');
  await new Promise<void>((done) => taken.bind(0, '127.0.0.1', done));
  const a = member('a', { init: { bind: { host: '127.0.0.1', port: taken.address().port } } });
  await expect(a.start()).rejects.toThrow(/EADDRINUSE/);
  expect(() => a.members()).toThrow(/not running/);
  await a.stop();
  await new Promise<void>((done) => taken.close(() => done()));
});

test('given a state of another member, then it is not taken for one of its own', async () => {
  const { files } = new SimulatedDisk();
  await files.makeDirectory('/data');
  const store = new FileStore({ directory: '/data' }, { files });
  await store.save({ cluster: 'test', name: 'b', incarnation: 1, contacts: [] });
  await expect(member('a', { components: { store } }).start()).rejects.toThrow(/is of b in cluster test/);
  await expect(member('a', { components: { keyring: new Keyring(key), store } }).start()).rejects.toThrow(
    /save elsewhere/,
  );
});
