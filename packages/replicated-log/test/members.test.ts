import { memberId, nodeOf } from '@commitlog/raft';
import { expect, test } from 'vitest';
import { batchOf, Logs, valuesIn } from './logs.js';

test('given a node that is added after the log was trimmed, then it has what the others serve, and leads as well as they do', async () => {
  const logs = await new Logs('added', { retention: { bytesMax: 20_000, checkMs: 500 } }).startAll();
  const log = await logs.leading();
  const producer = await logs.settled(log.openProducer({ name: 'till 4' }));
  for (let at = 0; at < 40; at += 1) {
    await logs.settled(log.append(batchOf([`${at}`.padEnd(1000, '.')], producer, at)));
  }
  await logs.pass(2000);
  const added = await logs.start(3);
  const change = async (voters: readonly string[], learners: readonly string[]): Promise<void> => {
    const { index, configuration } = log.member.status.configuration;
    const [asVoters, asLearners] = [voters, learners].map((names) =>
      names.map((node) => memberId(node, added.member.self.split('@')[1]!)),
    );
    expect(configuration.outgoing).toEqual([]);
    const outcome = await logs.settled(log.member.changeMembers(index, asVoters!, asLearners!));
    expect(outcome.kind).toBe('committed');
  };
  await change(['a', 'b', 'c'], ['d']);
  await logs.until('it has caught up', () => added.endOffset === log.endOffset);
  await logs.pass(500);
  const leads = nodeOf(log.member.self);
  await change(['d', ...['a', 'b', 'c'].filter((node) => node === leads).concat(leads === 'a' ? 'b' : 'a')], []);
  await logs.pass(500);
  expect(added.firstOffset).toBe(log.firstOffset);
  expect(added.firstOffset).toBeGreaterThan(10);
  expect(await valuesIn(added)).toEqual(await valuesIn(log));
  void log.member.transfer(added.member.self);
  await logs.until('it leads', () => added.member.isLeader);
  const again = batchOf(['39'.padEnd(1000, '.')], producer, 39);
  expect((await logs.settled(added.append(again))).offset).toBe(39);
  expect((await logs.settled(added.append(batchOf(['40'], producer, 40)))).offset).toBe(40);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a group of one, then it appends once and reads, also after its power was cut', async () => {
  const founders = { voters: [memberId('a', '0'.repeat(32))], learners: [] };
  const logs = new Logs('alone', { founders });
  let log = await logs.start(0);
  await logs.leader();
  const producer = await logs.settled(log.openProducer());
  const { offset } = await logs.settled(log.append(batchOf(['tea'], producer)));
  await logs.cutPower(0);
  log = await logs.start(0);
  await logs.leader();
  expect((await logs.settled(log.append(batchOf(['tea'], producer)))).offset).toBe(offset);
  expect(await valuesIn(log)).toEqual(['0 tea']);
  await logs.stop();
});

// Rebello et al., ATC 2020: after a failed sync, the next may lie.
test('given a member whose sync fails, then it ends, everybody who waits there is told, and the others go on', async () => {
  const logs = await new Logs('sync').startAll();
  const at = await logs.leader();
  const log = logs.logs[at]!;
  await logs.settled(log.append(batchOf(['tea'])));
  const reader = log.records({ from: 'end', follow: true }).next();
  reader.catch(() => {});
  logs.disks[at]!.inject({ method: 'sync', path: /\.log$/, code: 'EIO' });
  const sent = log.append(batchOf(['milk']));
  sent.catch(() => {});
  await logs.until('it has failed', () => log.member.state === 'failed');
  await expect(reader).rejects.toMatchObject({ code: 'failed' });
  await expect(logs.settled(sent)).rejects.toMatchObject({ code: 'unknown' });
  await expect(log.append(batchOf(['sugar']))).rejects.toMatchObject({ code: 'failed' });
  const next = await logs.leading(at);
  await logs.settled(next.append(batchOf(['sugar'])));
  expect((await valuesIn(next)).at(-1)).toMatch(/sugar/);
  await logs.stop();
});
