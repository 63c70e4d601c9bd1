import { ApiServer, ChannelCredentials, membershipV1, ServerCredentials } from '@commitlog/api';
import { Membership } from '@commitlog/membership';
import * as world from '@commitlog/runtime/node';
import { expect, it, onTestFinished, vi } from 'vitest';
import { GossipExchanges } from '../../src/index.js';
import { handshakeOf } from './nodes.js';

const patience = { timeout: 10_000 };

/** A node's membership service, and the exchanges over it. */
async function startNode(name: string, clusterId = 'c1') {
  const self = () => handshakeOf(name, clusterId);
  const exchanges = new GossipExchanges({ self, credentials: ChannelCredentials.createInsecure() });
  const server = new ApiServer(
    { address: '127.0.0.1:0' },
    { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: () => {} },
  );
  const notHere = () => Promise.reject(new Error('not in this test'));
  server.serve(membershipV1.MembershipServiceDefinition, {
    gossip: exchanges.gossip,
    identify: notHere,
    keyring: notHere,
    leave: notHere,
  });
  await server.start();
  onTestFinished(() => server.stop(0));
  return { exchanges, address: { host: '127.0.0.1', port: server.port } };
}

it('given a question, then its answer comes back, whatever the bytes', async () => {
  const [a, b] = [await startNode('a'), await startNode('b')];
  await b.exchanges.listen(b.address, (question) => Buffer.from(question).reverse());
  const question = Uint8Array.from({ length: 200_000 }, (_, at) => at);
  const answer = await a.exchanges.ask(b.address, question, { timeoutMs: 5000 });
  expect(Buffer.from(answer).equals(Buffer.from(question).reverse())).toBe(true);
});

it('given nobody who answers, then the question fails, and the next one is answered', async () => {
  const [a, b] = [await startNode('a'), await startNode('b')];
  const ask = () => a.exchanges.ask(b.address, Buffer.from('?'), { timeoutMs: 5000 });
  await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const listener = await b.exchanges.listen(b.address, () => Buffer.from('!'));
  expect(Buffer.from(await ask()).toString()).toBe('!');
  await listener.close();
  await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

it('given a node of another cluster, then it is neither asked nor answered', async () => {
  const [a, stranger] = [await startNode('a'), await startNode('s', 'c2')];
  let asked = 0;
  await stranger.exchanges.listen(stranger.address, (question) => {
    asked += 1;
    return question;
  });
  const ask = a.exchanges.ask(stranger.address, Buffer.from('?'), { timeoutMs: 5000 });
  await expect(ask).rejects.toMatchObject({ code: 'WRONG_CLUSTER' });
  expect(asked).toBe(0);
});

it('given nobody at the address, then the question fails in time', async () => {
  const a = await startNode('a');
  const ask = a.exchanges.ask({ host: '127.0.0.1', port: 1 }, Buffer.from('?'), { timeoutMs: 5000 });
  await expect(ask).rejects.toMatchObject({ name: 'ApiError' });
});

it('given members whose stream side this is, then they find each other', async () => {
  const members = await Promise.all(
    ['a', 'b'].map(async (name) => {
      const { exchanges, address } = await startNode(name);
      const init = { name, cluster: 'c', profile: 'local', bind: address } as const;
      const { nodeDatagrams: datagrams, nodeClock: clock, nodeRandom: random } = world;
      const member = new Membership(init, { datagrams, streams: exchanges, clock, random });
      await member.start();
      onTestFinished(() => member.stop());
      return member;
    }),
  );
  await members[0]!.join([members[1]!.self.address]);
  await vi.waitFor(() => {
    for (const member of members)
      expect(
        member
          .members()
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(['a', 'b']);
  }, patience);
});
