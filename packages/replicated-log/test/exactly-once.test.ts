import { expect, test } from 'vitest';
import { batchOf, Logs, valuesIn } from './logs.js';

/** All members serve the same records, and these. */
async function expectEverywhere(logs: Logs, values: readonly string[]): Promise<void> {
  await logs.settle();
  for (const log of logs.logs) expect(await valuesIn(log!)).toEqual(values);
  expect(logs.failures).toEqual([]);
  await logs.stop();
}

test('given a batch that is sent again and again, before and after it is committed, then all are answered with one place', async () => {
  const logs = await new Logs('again').startAll();
  const log = await logs.leading();
  const producer = await logs.settled(log.openProducer({ subject: 'ann' }));
  const send = () => log.append(batchOf(['tea', 'milk'], producer), { subject: 'ann' });
  const [first, ...atOnce] = await logs.settled(Promise.all([send(), send(), send()]));
  const later = await logs.settled(send());
  expect(first).toEqual({ offset: 0, term: log.member.status.term, time: expect.any(Number), isDuplicate: false });
  const again = { ...first, isDuplicate: true };
  expect([...atOnce, later]).toEqual([again, again, again]);
  await expectEverywhere(logs, ['0 tea', '1 milk']);
});

// platformatic/kafka 326: single appends of an idempotent producer, sent at once, all got the first's offset.
test('given twenty appends at once, then they get twenty offsets, in their order', async () => {
  const logs = await new Logs('twenty').startAll();
  const log = await logs.leading();
  const producer = await logs.settled(log.openProducer());
  const all = Array.from({ length: 20 }, (_, at) => log.append(batchOf([`${at}`], producer, at)));
  expect((await logs.settled(Promise.all(all))).map(({ offset }) => offset)).toEqual(all.map((_, at) => at));
  await expectEverywhere(
    logs,
    all.map((_, at) => `${at} ${at}`),
  );
});

// redpanda 3039: an idempotent retry after the leader was killed was appended once more.
test('given a leader that dies before it hears that its batch is on other disks, when it is sent again, then the next leader answers with the batch that it holds', async () => {
  const logs = await new Logs('killed').startAll();
  const leader = await logs.leader();
  const producer = await logs.settled(logs.logs[leader]!.openProducer({ name: 'till 4' }));
  await logs.settle();
  const { term } = logs.logs[leader]!.member.status;
  logs.cutOffBeforeItHears(leader);
  const never = logs.logs[leader]!.append(batchOf(['tea'], producer));
  never.catch(() => {});
  await logs.pass(10);
  await logs.cutPower(leader);
  await expect(never).rejects.toMatchObject({ code: 'unknown' });
  // Whoever leads next reaches nobody at first: what it holds is not committed.
  logs.cutOffBeforeItIsToldToAppend();
  const next = await logs.leading();
  let answered = 0;
  const again = [0, 1].map((at) => next.append(batchOf([['tea', 'milk'][at]!], producer, at)));
  for (const each of again) void each.then(() => answered++);
  await logs.pass(50);
  expect([answered, next.endOffset, next.member.isLeader]).toEqual([0, 0, true]);
  logs.heal();
  const [first, second] = await logs.settled(Promise.all(again));
  expect(first).toMatchObject({ offset: 0, term });
  expect(second).toMatchObject({ offset: 1, term: next.member.status.term });
  await logs.startAll();
  await expectEverywhere(logs, ['0 tea', '1 milk']);
});

test('given a deposed leader with a batch that nobody else has, when it is sent again to the next, then the first copy is cut', async () => {
  const logs = await new Logs('cut').startAll();
  const leader = await logs.leader();
  const producer = await logs.settled(logs.logs[leader]!.openProducer());
  await logs.settle();
  logs.cutOff(leader);
  const lost = [0, 1, 2].map((at) => logs.logs[leader]!.append(batchOf([`lost ${at}`], producer, at)));
  for (const each of lost) each.catch(() => {});
  await logs.pass(50);
  const next = await logs.leading(leader);
  const appended = await logs.settled(next.append(batchOf(['tea'], producer, 0)));
  expect(appended.term).toBeGreaterThan(1);
  logs.heal();
  await logs.settle();
  for (const each of lost) await expect(logs.settled(each)).rejects.toMatchObject({ code: 'not-applied' });
  // The deposed one, leading again, judges by what it has now.
  const transferred = next.member.transfer(logs.logs[leader]!.member.self);
  await logs.until('it leads again', () => logs.logs[leader]!.member.isLeader);
  await transferred;
  const again = logs.logs[leader]!;
  expect(await logs.settled(again.append(batchOf(['tea'], producer, 0)))).toEqual({
    ...appended,
    isDuplicate: true,
  });
  await expect(logs.settled(again.append(batchOf(['sugar'], producer, 2)))).rejects.toMatchObject({
    code: 'sequence-gap',
    expected: 1,
  });
  await expectEverywhere(logs, ['0 tea']);
});

test('given a producer that was opened again by its name, then the older is fenced, also by the next leader', async () => {
  const logs = await new Logs('fenced').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  const old = await logs.settled(log.openProducer({ subject: 'ann', name: 'till 4' }));
  await logs.settled(log.append(batchOf(['tea'], old), { subject: 'ann' }));
  const both = [
    log.openProducer({ subject: 'ann', name: 'till 4' }),
    log.openProducer({ subject: 'bob', name: 'till 4' }),
  ];
  const [opened, bobs] = await logs.settled(Promise.all(both));
  expect(opened).toEqual({ producerId: old.producerId, producerEpoch: 1 });
  expect(bobs!.producerId).not.toBe(old.producerId);
  await logs.cutPower(leader);
  const next = await logs.leading();
  const refused = (batch: Buffer, subject = 'ann') => logs.settled(next.append(batch, { subject }));
  await expect(refused(batchOf(['milk'], old, 1))).rejects.toMatchObject({ code: 'fenced' });
  await expect(refused(batchOf(['milk'], opened, 0), 'bob')).rejects.toMatchObject({ code: 'unknown-producer' });
  expect((await logs.settled(next.append(batchOf(['milk'], opened), { subject: 'ann' }))).offset).toBe(1);
  await logs.startAll();
  await expectEverywhere(logs, ['0 tea', '1 milk']);
});

// Found by the bench of the cluster: an acknowledgement came before the batch was applied, and counted as in flight until then.
test('given a producer that keeps 64 batches in flight, then each that is acknowledged makes room for the next at once', async () => {
  // What is to be applied comes from the disk: later than the acknowledgement.
  const logs = await new Logs('room', { raft: { cacheBytesMax: 1 } }).startAll();
  const log = await logs.leading();
  const producer = await logs.settled(log.openProducer());
  let next = 0;
  const keepOneInFlight = async (): Promise<void> => {
    while (next < 640) {
      const at = next;
      next += 1;
      await log.append(batchOf([`${at}`], producer, at));
    }
  };
  await logs.settled(Promise.all(Array.from({ length: 64 }, keepOneInFlight)));
  expect(log.endOffset).toBe(640);
  await logs.stop();
});

test('given a producer with 64 batches in flight, then the next is refused until one is committed, and none is missing', async () => {
  const logs = await new Logs('flight').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  const producer = await logs.settled(log.openProducer());
  logs.cutOff(leader);
  const sent = Array.from({ length: 64 }, (_, at) => log.append(batchOf([`${at}`], producer, at)));
  await expect(logs.settled(log.append(batchOf(['64'], producer, 64)))).rejects.toMatchObject({ code: 'overloaded' });
  logs.heal();
  await logs.settled(Promise.all(sent));
  await logs.settled(log.append(batchOf(['64'], producer, 64)));
  // The oldest is forgotten by now, and nobody can say any more that it is a retry.
  await expect(logs.settled(log.append(batchOf(['0'], producer)))).rejects.toMatchObject({ code: 'sequence-stale' });
  await expectEverywhere(
    logs,
    Array.from({ length: 65 }, (_, at) => `${at} ${at}`),
  );
});

test('given a log whose members are all restarted, then what producers had appended is still recognised', async () => {
  const logs = await new Logs('restarted').startAll();
  let log = await logs.leading();
  const producer = await logs.settled(log.openProducer({ name: 'till 4' }));
  for (let at = 0; at < 30; at += 1) {
    await logs.settled(log.append(batchOf(['x'.repeat(1000)], producer, at)));
  }
  for (const at of logs.logs.keys()) await logs.cutPower(at);
  await logs.startAll();
  log = await logs.leading();
  expect((await logs.settled(log.append(batchOf(['x'.repeat(1000)], producer, 29)))).offset).toBe(29);
  expect((await logs.settled(log.append(batchOf(['x'.repeat(1000)], producer, 3)))).offset).toBe(3);
  await expect(logs.settled(log.append(batchOf(['y'], producer, 31)))).rejects.toMatchObject({ code: 'sequence-gap' });
  expect(await logs.settled(log.openProducer({ name: 'till 4' }))).toEqual({ ...producer, producerEpoch: 1 });
  expect(log.endOffset).toBe(30);
  await logs.stop();
});

test('given a transfer of leadership that takes no batches for a while, then what it refused leaves no gap behind', async () => {
  const logs = await new Logs('transfer').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  const producer = await logs.settled(log.openProducer());
  await logs.settle();
  const away = (leader + 1) % 3;
  logs.cutOff(away);
  // To one that does not answer: the leader gives up after a while, and goes on.
  const transferred = log.member.transfer(logs.logs[away]!.member.self);
  const refused = [0, 1].map((at) => log.append(batchOf([`${at}`], producer, at)));
  for (const each of refused) await expect(logs.settled(each)).rejects.toMatchObject({ code: 'not-leader' });
  expect(await logs.settled(transferred)).toBe(false);
  await expect(logs.settled(log.append(batchOf(['1'], producer, 1)))).rejects.toMatchObject({ code: 'sequence-gap' });
  const sent = [0, 1].map((at) => log.append(batchOf([`${at}`], producer, at), { expectedOffset: at }));
  await logs.settled(Promise.all(sent));
  logs.heal();
  await expectEverywhere(logs, ['0 0', '1 1']);
});

test('given a producer that is opened again, when the registration is lost with its leader, then who had it before was never fenced', async () => {
  const logs = await new Logs('never fenced').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  const producer = await logs.settled(log.openProducer({ name: 'till 4' }));
  await logs.settle();
  logs.cutOff(leader);
  const outcomes: string[] = [];
  for (const each of [log.openProducer({ name: 'till 4' }), log.append(batchOf(['tea'], producer))]) {
    each.catch(({ code }: { code: string }) => void outcomes.push(code));
  }
  await logs.pass(100);
  expect(outcomes).toEqual([]);
  const next = await logs.leading(leader);
  await logs.settled(next.append(batchOf(['tea'], producer)));
  logs.heal();
  await logs.settle();
  expect(outcomes).toEqual(['not-applied', 'not-applied']);
  await expectEverywhere(logs, ['0 tea']);
});
