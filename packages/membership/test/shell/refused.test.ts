import { SimulatedDisk } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { FileStore, incarnationMax, MembershipError } from '../../src/index.js';
import { loopback, member, startMember } from './world.js';

test('given a member that was stopped, then it says that it does not start again', async () => {
  // It resolved, and nothing ran.
  const a = await startMember('a');
  await a.stop();
  await expect(a.start()).rejects.toMatchObject({ code: 'ERR_MEMBERSHIP_STOPPED' });
});

test.each([
  { host: '', port: 1 },
  { host: '127.0.0.1', port: 0 },
  { host: '127.0.0.1', port: 65_536 },
  { host: '127.0.0.1', port: 1.5 },
])('given %o to join, then it is refused by what it lacks', async (address) => {
  const a = await startMember('a');
  await expect(a.join([address])).rejects.toThrow(/a host and a port from 1 to 65535, got/);
});

test('given a member that was not started, then it cannot join', async () => {
  await expect(member('a').join([{ ...loopback, port: 1 }])).rejects.toMatchObject({ code: 'ERR_MEMBERSHIP_STOPPED' });
});

test.each([
  [{ name: undefined }, /name must be 1 to 64/],
  [{ cluster: undefined }, /cluster must have 1 to 255 characters, got undefined/],
  [{ cluster: 5 }, /cluster must have 1 to 255 characters, got 5/],
  [{ bind: undefined }, /bind must have an IP address as host, and a port from 0 to 65535, got undefined/],
  [{ bind: { host: 'localhost', port: 0 } }, /bind must have an IP address as host/],
  [{ bind: { host: '127.0.0.1', port: '7946' } }, /bind must have .* a port from 0 to 65535, got .*"7946"/],
  [{ advertise: { host: '127.0.0.1', port: -1 } }, /advertise must have .* a port from 0 to 65535/],
  [{ bind: { host: '0.0.0.0', port: 0 }, advertise: { host: '0.0.0.0', port: 0 } }, /no address to send to/],
  [{ profile: 'lann' }, /profile must be local, lan, wan, or one of your own, got lann/],
  [{ profile: null }, /profile must be local, lan, wan, or one of your own, got null/],
  [{ probeIntervalMs: '1000' }, /probeIntervalMs must be a number, got 1000/],
  [{ probeIntervalMs: null }, /probeIntervalMs must be a number, got null/],
  [{ probeIntervallMs: 1_000 }, /probeIntervallMs must be left out, as there is no such setting/],
  [{ isLifeguardOn: 'no' }, /isLifeguardOn must be a boolean, got no/],
  [{ tags: null }, /expected an object of strings, numbers and booleans, got null/],
  [{ tags: ['a'] }, /expected an object of strings, numbers and booleans, got \["a"\]/],
])('given %o, then it is refused before anything is bound, by what it lacks', (wrong, message) => {
  // Of these some started, and ended the process later.
  const make = (): unknown => member('a', { init: wrong as never });
  expect(make).toThrow(message);
  expect(make).toThrow(MembershipError);
});

test('given a key where a keyring belongs, then it says so', () => {
  const components = { keyring: new Uint8Array(32) } as never;
  expect(() => member('a', { components })).toThrow(/keyring must be a Keyring: pass new Keyring\(key\)/);
});

test('given settings that are undefined, then the defaults hold', async () => {
  const a = await startMember('a', { init: { probeIntervalMs: undefined, tags: undefined } as never });
  expect(a.self.tags).toEqual({});
});

test.each([undefined, '127.0.0.1:7946', [{ host: 'x'.repeat(300), port: 1 }]])(
  'given %o to join, then it is refused and nothing is tried',
  async (addresses) => {
    const a = await startMember('a');
    await expect(a.join(addresses as never)).rejects.toMatchObject({
      code: 'ERR_MEMBERSHIP_JOIN',
      message: expect.not.stringMatching(/nobody answered|x{200}/),
    });
  },
);

test('given a saved incarnation that has none above it, then start says so before anything is bound', async () => {
  const { files } = new SimulatedDisk();
  await files.makeDirectory('/data');
  const store = new FileStore({ directory: '/data' }, { files });
  await store.save({ cluster: 'test', name: 'a', incarnation: incarnationMax, contacts: [] });
  const first = await startMember('a');
  const { port } = first.self.address;
  await first.stop();
  const init = { bind: { ...loopback, port } };
  await expect(member('a', { init, components: { store } }).start()).rejects.toThrow(/is damaged: remove it/);
  await startMember('a', { init });
});
