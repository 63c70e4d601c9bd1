import { describe, expect, test } from 'vitest';
import { Gate, One, outcomeOf } from './one.js';
import { DriverRig, text, turns } from './rig.js';

describe('given a member that is stopped', () => {
  test('when an apply is under way, then stopping waits for it, so that the machine is at rest afterwards', async () => {
    const gate = new Gate();
    const log: string[] = [];
    const machine = { apply: () => gate.opened.then(() => void log.push('applied')) };
    const one = await new One({ machine }).open();
    void one.group.propose(text('x'));
    await one.pass(50);
    const stopped = one.host.stop().then(() => log.push('stopped'));
    expect(await outcomeOf(stopped)).toBe('pending');
    await expect(one.openGroup('g')).rejects.toThrow('is open on this node already');
    gate.open();
    await stopped;
    expect(log).toEqual(['applied', 'stopped']);
  });

  test('when it is stopped again meanwhile, then both wait for the write under way', async () => {
    const gate = new Gate();
    const one = await new One().open();
    const write = one.memory.write.bind(one.memory);
    one.memory.write = (operations) => gate.opened.then(() => write(operations));
    void one.group.propose(text('x'));
    await turns();
    const [first, second, third] = [one.group.stop(), one.group.stop(), one.host.stop()];
    expect(await outcomeOf(Promise.race([first, second, third]))).toBe('pending');
    gate.open();
    await Promise.all([first, second, third]);
  });

  test('then it leads nobody, and says why it does nothing', async () => {
    const one = await new One().open();
    await one.host.stop();
    expect(one.group).toMatchObject({ isLeader: false, leader: null, state: 'stopped' });
    expect(one.group.status).toMatchObject({ role: 'follower', leader: null });
    await expect(one.group.read()).rejects.toMatchObject({ code: 'ERR_RAFT_STOPPED' });
    expect(await one.group.transfer(one.self)).toBe(false);
  });
});

test('given a member that has failed, then it leads nobody, and every later error tells the cause', async () => {
  const cause = new Error('a bug in the state machine');
  const one = await new One({ machine: { apply: () => Promise.reject(cause) } }).open();
  void one.group.propose(text('x'));
  await one.pass(100);
  expect(one.failures).toEqual([cause]);
  expect(one.group).toMatchObject({ isLeader: false, leader: null, state: 'failed' });
  await expect(one.group.read()).rejects.toMatchObject({ code: 'ERR_RAFT_FAILED', cause });
  await expect(one.group.snapshot()).rejects.toMatchObject({ code: 'ERR_RAFT_FAILED', cause });
  await one.host.stop();
  await expect(one.group.read()).rejects.toMatchObject({ code: 'ERR_RAFT_FAILED', cause });
});

describe('given a group that is being opened', () => {
  test('when it is opened again at once, then there is one member on its disk', async () => {
    const one = new One();
    one.host.start();
    const opened = await Promise.allSettled([one.openGroup('g'), one.openGroup('g')]);
    expect(opened.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await one.host.stop();
  });

  test.each(['stop', 'close'] as const)('when the host is told to %s, then it does not come up', async (how) => {
    const one = new One();
    one.host.start();
    const opening = one.openGroup('g');
    const closed = how === 'stop' ? one.host.stop() : one.host.close('g');
    await expect(opening).rejects.toMatchObject({ code: 'ERR_RAFT_STOPPED' });
    await closed;
    const again = await one.openGroup('g');
    expect(again.state).toBe('running');
    await one.host.stop();
  });

  test('when its disk cannot be loaded, then it can be tried again', async () => {
    const one = new One();
    const load = one.memory.load.bind(one.memory);
    one.memory.load = () => Promise.reject(new Error('not mounted'));
    await expect(one.openGroup('g')).rejects.toThrow('not mounted');
    one.memory.load = load;
    await one.open();
    expect(one.group.isLeader).toBe(true);
    await one.host.stop();
  });
});

test('given a host that was never started, when it is stopped, then its groups are, and nobody waits for ever', async () => {
  const one = new One();
  const group = await one.openGroup('g');
  const read = group.read();
  await one.host.stop();
  expect(await outcomeOf(read)).toMatchObject({ code: 'ERR_RAFT_STOPPED' });
});

test('given two transfers, when the second takes the place of the first, then each caller is told of its own', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const [one, other] = rig.groups.filter((group) => group !== leader);
  rig.network.disconnect(one!.self.slice(0, 1));
  const transfers = [leader.transfer(one!.self), leader.transfer(other!.self)];
  await rig.until('another leads', () => other!.isLeader);
  expect(await Promise.all(transfers)).toEqual([false, true]);
  expect(await other!.transfer(other!.self)).toBe(false);
  await rig.stop();
});

test.each([
  { trailing: -5 },
  { trailing: Number.NaN },
  { snapshotEvery: -1 },
  { snapshotEvery: 0.5 },
  { heartbeatMs: 60 },
])('given the settings %o, then the group is not opened', async (init) => {
  await expect(new One({ init }).open()).rejects.toThrow(Object.keys(init)[0]);
});
