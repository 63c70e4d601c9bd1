import { expect, test } from 'vitest';
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
