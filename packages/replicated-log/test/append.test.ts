import { expect, test } from 'vitest';
import { batchOf, Logs, valuesIn } from './logs.js';

test('given an expected offset, then a batch is appended there or not at all, and its retry is answered whatever was appended since', async () => {
  const logs = await new Logs('conditional').startAll();
  const log = await logs.leading();
  const producer = await logs.settled(log.openProducer());
  const first = await logs.settled(log.append(batchOf(['tea', 'milk'], producer), { expectedOffset: 0 }));
  await expect(logs.settled(log.append(batchOf(['sugar']), { expectedOffset: 1 }))).rejects.toMatchObject({
    code: 'offset-mismatch',
    expected: 1,
    actual: 2,
  });
  // Two that expect the same at once: one wins.
  const rivals = [
    log.append(batchOf(['mine']), { expectedOffset: 2 }),
    log.append(batchOf(['yours']), { expectedOffset: 2 }),
  ];
  const outcomes = await logs.settled(Promise.allSettled(rivals));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'offset-mismatch', actual: 3 } });
  expect(await logs.settled(log.append(batchOf(['tea', 'milk'], producer), { expectedOffset: 0 }))).toEqual({
    ...first,
    isDuplicate: true,
  });
  expect(await valuesIn(log)).toEqual(['0 tea', '1 milk', '2 mine']);
  await logs.stop();
});

test('given a tail that is not committed, then a conditional append is not refused because of it before it is', async () => {
  const logs = await new Logs('tail').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  await logs.settled(log.append(batchOf(['tea'])));
  await logs.settle();
  logs.cutOff(leader);
  const tail = log.append(batchOf(['milk']));
  const conditional = log.append(batchOf(['sugar']), { expectedOffset: 1 });
  const outcomes: string[] = [];
  for (const each of [tail, conditional]) each.catch(({ code }: { code: string }) => void outcomes.push(code));
  await logs.pass(100);
  expect(outcomes).toEqual([]);
  // Others go on without that tail: offset 1 was never taken.
  await logs.leading(leader);
  logs.heal();
  await logs.settle();
  expect(outcomes).toEqual(['not-applied', 'not-applied']);
  await logs.stop();
});

test('given a member that does not lead, then it says who does, and has nothing to do with the batch', async () => {
  const logs = await new Logs('hint').startAll();
  const leader = await logs.leader();
  await logs.settle();
  const batch = batchOf(['tea']);
  const other = logs.logs[(leader + 1) % 3]!;
  const { self } = logs.logs[leader]!.member;
  await expect(other.append(batch)).rejects.toMatchObject({ code: 'not-leader', leader: self });
  await expect(other.openProducer()).rejects.toMatchObject({ code: 'not-leader', leader: self });
  expect((await logs.settled(logs.logs[leader]!.append(batch))).offset).toBe(0);
  await logs.stop();
});

test('given more appends than may wait, then some are refused, and nothing of them is in the log', async () => {
  const logs = await new Logs('overloaded', { pendingBytesMax: 3000 }).startAll();
  const log = await logs.leading();
  const sent = Array.from({ length: 5 }, (_, at) => log.append(batchOf([`${at}`.padEnd(900, '.')])));
  const outcomes = await logs.settled(Promise.allSettled(sent));
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
    [true, true, false, false, false].map((_, at) => at < 2),
  );
  expect(outcomes[4]).toMatchObject({ reason: { code: 'overloaded' } });
  // However big, one alone is let in.
  expect((await logs.settled(log.append(batchOf(['x'.repeat(5000)])))).offset).toBe(2);
  await logs.stop();
});

test.each([
  [
    'a producer that was never opened',
    (): Buffer => batchOf(['tea'], { producerId: 99, producerEpoch: 0 }),
    'unknown-producer',
  ],
  ['bytes that are no batch', (): Buffer => Buffer.from('tea'), 'truncated'],
  [
    'a batch whose body was changed',
    (): Buffer => {
      const batch = batchOf(['tea']);
      batch[batch.length - 1]! ^= 1;
      return batch;
    },
    'body-checksum',
  ],
])('given %s, then it is refused, and the next append is none the worse', async (_what, made, code) => {
  const logs = await new Logs('refused').startAll();
  const log = await logs.leading();
  await expect(logs.settled(log.append(made()))).rejects.toMatchObject({ code });
  expect((await logs.settled(log.append(batchOf(['milk'])))).offset).toBe(0);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given the very same bytes twice, then the second are refused, and no member ends', async () => {
  const logs = await new Logs('same bytes').startAll();
  const log = await logs.leading();
  const batch = batchOf(['tea']);
  const first = log.append(batch);
  await expect(log.append(batch)).rejects.toMatchObject({ code: 'stamped' });
  await logs.settled(first);
  await expect(log.append(batch)).rejects.toMatchObject({ code: 'stamped' });
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a batch that was refused, then the same bytes can be appended once what was in the way is gone', async () => {
  const logs = await new Logs('again').startAll();
  const log = await logs.leading();
  const producer = await logs.settled(log.openProducer());
  const second = batchOf(['milk'], producer, 1);
  await expect(logs.settled(log.append(second))).rejects.toMatchObject({ code: 'sequence-gap', expected: 0 });
  await logs.settled(log.append(batchOf(['tea'], producer)));
  expect((await logs.settled(log.append(second))).offset).toBe(1);
  await logs.stop();
});

test('given an append that is given up, then it is told whether it was on its way', async () => {
  const logs = await new Logs('aborted').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  await logs.settled(log.append(batchOf(['tea'])));
  const reason = new Error('no time left');
  const signal = AbortSignal.abort(reason);
  await expect(log.append(batchOf(['milk']), { signal })).rejects.toBe(reason);
  const before = new AbortController();
  const waiting = log.append(batchOf(['milk']), { signal: before.signal });
  before.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  logs.cutOff(leader);
  const late = new AbortController();
  const sent = log.append(batchOf(['sugar']), { signal: late.signal });
  sent.catch(() => {});
  await logs.pass(20);
  late.abort(reason);
  await expect(sent).rejects.toMatchObject({ code: 'unknown', cause: reason });
  logs.heal();
  await logs.stop();
});

test('given a log that is closed, then everybody who waits is answered, and whoever comes', async () => {
  const logs = await new Logs('closed').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  await logs.settled(log.append(batchOf(['tea'])));
  logs.cutOff(leader);
  const sent = log.append(batchOf(['milk']));
  const reader = log.records({ from: 'end', follow: true }).next();
  const confirmed = log.records({ from: 'end', linearizable: true }).next();
  for (const each of [sent, reader, confirmed]) each.catch(() => {});
  await logs.pass(20);
  await logs.settled(log.close());
  await expect(sent).rejects.toMatchObject({ code: 'unknown' });
  await expect(reader).rejects.toMatchObject({ code: 'closed' });
  await expect(confirmed).rejects.toMatchObject({ code: 'closed' });
  await expect(log.append(batchOf(['sugar']))).rejects.toMatchObject({ code: 'closed' });
  await expect(log.records({ from: 'start' }).next()).rejects.toMatchObject({ code: 'closed' });
  logs.heal();
  await logs.stop();
});

test('given a leader that was paused while others went on, then nobody is refused by what it holds', async () => {
  const logs = await new Logs('paused').startAll();
  const leader = await logs.leader();
  const log = logs.logs[leader]!;
  await logs.settled(log.append(batchOf(['tea'])));
  await logs.settle();
  logs.pause(leader);
  const next = await logs.leading(leader);
  const producer = await logs.settled(next.openProducer());
  await logs.settled(next.append(batchOf(['milk'], producer)));
  // It leads, as far as it knows: a log that ends with offset 1, and in which nobody has opened a producer.
  const refused = [log.append(batchOf(['sugar']), { expectedOffset: 2 }), log.append(batchOf(['sugar'], producer, 1))];
  for (const each of refused) each.catch(() => {});
  await logs.pass(10);
  logs.goOn(leader);
  for (const each of refused) await expect(logs.settled(each)).rejects.toMatchObject({ code: 'not-leader' });
  expect((await logs.settled(next.append(batchOf(['sugar'], producer, 1), { expectedOffset: 2 }))).offset).toBe(2);
  await logs.settle();
  expect(await valuesIn(log)).toEqual(['0 tea', '1 milk', '2 sugar']);
  await logs.stop();
});
