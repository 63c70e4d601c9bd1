import { encodeBatch, records } from '@commitlog/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LogClient, patience, TestCluster } from '../cluster.js';

const start = { $case: 'offset', value: 0n } as const;

async function produced(client: LogClient, ...values: string[]): Promise<number[]> {
  const offsets: number[] = [];
  for (const value of values) {
    const record = { value: Buffer.from(value), offset: 0n, term: 0n, type: 0 };
    offsets.push(Number((await client.produce({ record, log: '' })).offset));
  }
  return offsets;
}

function request(batch: Buffer, expectedOffset?: number) {
  return { log: '', batch, ...(expectedOffset !== undefined && { expectedOffset: BigInt(expectedOffset) }) };
}

describe('the public service of three nodes', () => {
  let cluster: TestCluster;
  let leader: LogClient;
  let followers: LogClient[];

  beforeAll(async () => {
    cluster = await TestCluster.start();
    const leading = await cluster.leader();
    leader = leading.client;
    followers = cluster.nodes.filter((node) => node !== leading).map(({ client }) => client);
  }, patience.timeout);
  afterAll(() => cluster.stop(), patience.timeout);

  it('given records that were produced, then each is consumed at its offset, on every node', async () => {
    const [first, second] = await produced(leader, 'tea', 'milk');
    for (const client of [leader, ...followers]) {
      const { record } = await client.consume({ offset: BigInt(second!), log: 'default' });
      expect(record).toMatchObject({ value: Buffer.from('milk'), offset: BigInt(first! + 1), type: 0 });
      expect(record!.term).toBeGreaterThan(0n);
    }
  });

  it('given an offset past the end, then the bounds are told, by a follower too', async () => {
    const [last] = await produced(leader, 'x');
    const offset = BigInt(last! + 1);
    for (const client of [leader, ...followers]) {
      await expect(client.consume({ offset, log: '' })).rejects.toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
        grpc: 'OUT_OF_RANGE',
        metadata: { start: '0', end: `${offset}` },
      });
    }
  });

  it('given a follower, when it is to append, then it names the leader, which can be dialled', async () => {
    const record = { value: Buffer.from('x'), offset: 0n, term: 0n, type: 0 };
    const { servers } = await followers[0]!.getServers({});
    const { id, rpcAddr: address } = servers.find(({ isLeader }) => isLeader)!;
    await expect(followers[0]!.produce({ record, log: '' })).rejects.toMatchObject({
      code: 'NOT_LEADER',
      leader: { id, address },
    });
    expect(servers.length).toBe(3);
  });

  it('given a stream of records to produce, then the answers come in order, one for each', async () => {
    const stream = leader.produceStream();
    const writing = (async () => {
      for (let at = 0; at < 200; at += 1) {
        await stream.write({ record: { value: Buffer.from(`s${at}`), offset: 0n, term: 0n, type: 0 }, log: '' });
      }
      stream.end();
    })();
    const offsets: number[] = [];
    for await (const { offset } of stream) offsets.push(Number(offset));
    await writing;
    expect(offsets).toEqual(Array.from({ length: 200 }, (_, at) => offsets[0]! + at));
    const { record } = await followers[1]!.consume({ offset: BigInt(offsets[150]!), log: '' });
    expect(Buffer.from(record!.value).toString()).toBe('s150');
  });

  it('given a consumer that streams, then it gets what is there, and what comes, on a follower', async () => {
    const [first] = await produced(leader, 'now');
    const stream = followers[0]!.consumeStream({ offset: BigInt(first!), log: '' });
    const seen: string[] = [];
    for await (const { record } of stream) {
      seen.push(Buffer.from(record!.value).toString());
      if (seen.length === 1) await produced(leader, 'later');
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['now', 'later']);
  });

  it('given batches on a stream, one of them wrong, then each has its answer, and the others are appended', async () => {
    const good = (word: string) => encodeBatch([{ value: Buffer.from(word) }, { value: Buffer.from(word) }]);
    const wrong = good('wrong');
    wrong[wrong.length - 1]! ^= 1;
    const stream = leader.append();
    for (const each of [request(good('a')), request(wrong), request(good('b')), request(good('c'), 0)]) {
      await stream.write(each);
    }
    stream.end();
    const answers = [];
    for await (const { result } of stream) answers.push(result);
    const [a, refused, b, late] = answers;
    expect(answers.length).toBe(4);
    if (a?.$case !== 'appended' || b?.$case !== 'appended') throw new Error('two good batches were refused');
    expect(b.value.baseOffset).toBe(a.value.baseOffset + 2n);
    expect(refused).toMatchObject({ $case: 'error', value: { code: 3 } });
    expect(late).toMatchObject({ $case: 'error', value: { code: 10 } });
  });

  it('given a producer, when it sends a batch twice, then that is in the log once', async () => {
    const { producerId, epoch } = await leader.openProducer({ name: 'till', log: '' });
    const encode = () =>
      encodeBatch([{ value: Buffer.from('once') }], {
        producerId: Number(producerId),
        producerEpoch: epoch,
        baseSequence: 0,
      });
    const stream = leader.append();
    await stream.write(request(encode()));
    await stream.write(request(encode()));
    stream.end();
    const offsets = [];
    for await (const { result } of stream)
      offsets.push(result?.$case === 'appended' ? result.value.baseOffset : result);
    expect(offsets[0]).toBe(offsets[1]);
  });

  it('given a read of batches, then they are those that were appended, on every node', async () => {
    for (const client of [leader, ...followers]) {
      let next = 0;
      const read = client.read({ log: '', from: start, consistency: 1, follow: false, responseBytesMax: 2000 });
      for await (const { batches, nextOffset, endOffset } of read) {
        let at = 0;
        const bytes = Buffer.from(batches);
        while (at < bytes.length) {
          const batch = bytes.subarray(at, at + bytes.readUInt32LE(at + 4));
          for (const { offset } of records(batch)) expect(offset).toBe(next++);
          at += batch.length;
        }
        expect(Number(nextOffset)).toBe(next);
        expect(endOffset).toBeGreaterThanOrEqual(nextOffset);
      }
      expect(next).toBeGreaterThan(200);
    }
  });

  it.each([
    ['a log that does not exist', { log: 'other', from: start }, 'LOG_NOT_FOUND'],
    ['a name that no log can have', { log: '../etc', from: start }, 'INVALID_LOG_NAME'],
    ['an offset above 2^53−1', { log: '', from: { $case: 'offset' as const, value: 2n ** 60n } }, 'INVALID_OFFSET'],
    ['start, and not true', { log: '', from: { $case: 'start' as const, value: false } }, 'INVALID_REQUEST'],
  ])('given %s, then the read is refused in words', async (_, wrong, code) => {
    const read = leader.read({ ...wrong, consistency: 0, follow: false, responseBytesMax: 0 });
    await expect(read[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code });
  });
});

describe('a cluster whose leader stops', () => {
  it('given a consumer on a follower, then another leads, nothing acknowledged is lost, and the stream goes on', async () => {
    const cluster = await TestCluster.start();
    try {
      const first = await cluster.leader();
      const [offset] = await produced(first.client, 'before');
      const follower = cluster.nodes.find((node) => node !== first)!;
      const stream = follower.client.consumeStream({ offset: BigInt(offset!), log: '' })[Symbol.asyncIterator]();
      expect(Buffer.from((await stream.next()).value!.record!.value).toString()).toBe('before');
      await cluster.stopNode(first);
      const second = await cluster.leader();
      await produced(second.client, 'after');
      expect(Buffer.from((await stream.next()).value!.record!.value).toString()).toBe('after');
      const again = await cluster.startNode(first.name);
      const { record } = await again.client.consume({ offset: BigInt(offset! + 1), log: '' });
      expect(Buffer.from(record!.value).toString()).toBe('after');
    } finally {
      await cluster.stop();
    }
  }, 60_000);
});
