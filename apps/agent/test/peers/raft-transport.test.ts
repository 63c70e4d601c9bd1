import { type ApiError, ApiServer, raftV1, ServerCredentials } from '@commitlog/api';
import { type Envelope, type Lane, memberId } from '@commitlog/raft';
import { transportConformance } from '@commitlog/raft/conformance';
import { describe, expect, it, onTestFinished, test, vi } from 'vitest';
import { handshakeOf, heartbeat, Node } from './nodes.js';

/** For conditions on real sockets. */
const patience = { timeout: 10_000 };

describe('GrpcTransport', () => {
  let nodes: Node[] = [];
  const suite = transportConformance({
    pair: async () => {
      const [a, b] = await pair();
      nodes = [a, b];
      return { a, b, close: async () => void (await Promise.all([a.stop(), b.stop()])) };
    },
    settle: async () => {
      const [a, b] = nodes as [Node, Node];
      await Promise.all([a.flush(b), b.flush(a)]);
    },
  });
  test.each(suite)('$name', ({ run }) => run());
});

describe('a link to a peer', () => {
  it('given the peer was restarted at another address, then packets arrive again', async () => {
    const { addresses, a, b } = await started();
    await a.flush(b);
    await b.stop();
    const again = await Node.start('b', addresses);
    onTestFinished(() => again.stop());
    const got = heardBy(again);
    await vi.waitFor(() => {
      a.send('b', 'control', [heartbeat('a', 'b', 1)]);
      expect(got).not.toEqual([]);
    }, patience);
  });

  it('given another node answers at its address, then nothing is sent there, and it says why', async () => {
    const { addresses, a, b } = await started();
    addresses.set('c', b.address);
    const got = heardBy(b);
    a.send('c', 'control', [heartbeat('a', 'c', 1)]);
    await vi.waitFor(
      () => expect(a.broken).toMatchObject([{ node: 'c', lane: 'control', error: { code: 'WRONG_NODE' } }]),
      patience,
    );
    expect(got).toEqual([]);
  });

  it('given a node of another cluster, then it is refused', async () => {
    const { addresses, b } = await started();
    const stranger = await Node.start('s', addresses, handshakeOf('s', 'c2'));
    onTestFinished(() => stranger.stop());
    const got = heardBy(b);
    stranger.send('b', 'bulk', [heartbeat('s', 'b', 1)]);
    await vi.waitFor(() => expect(stranger.broken).toMatchObject([{ error: { code: 'WRONG_CLUSTER' } }]), patience);
    expect(got).toEqual([]);
  });

  it('given a node that speaks for another, then its stream ends, and nothing of it is heard', async () => {
    const { a, b } = await started();
    const got = heardBy(b);
    a.send('b', 'control', [heartbeat('c', 'b', 1)]);
    await vi.waitFor(() => expect(a.broken).toMatchObject([{ error: { code: 'PERMISSION_DENIED' } }]), patience);
    expect(got).toEqual([]);
    expect((a.broken[0]!.error as ApiError).message).toMatch(/speaks for itself/);
  });

  it('given that a connection is asked for, again and again, then each lane is dialled once, before there is anything to send', async () => {
    const { addresses, a } = await started();
    const peer = await slowPeer();
    peer.answer();
    addresses.set('d', peer.address);
    for (let times = 0; times < 10; times += 1) a.transport.connect('d');
    await vi.waitFor(() => expect(peer.greeted.toSorted()).toEqual(['bulk', 'control']), patience);
    a.send('d', 'bulk', [append('a', 'd', 1, new Uint8Array(1))]);
    await vi.waitFor(() => expect(peer.lastId).toBe(1), patience);
    expect(peer.greeted).toHaveLength(2);
  });

  it('given a peer that takes long to answer, when much is sent to it, then what waits is bounded, and the rest is dropped', async () => {
    const { addresses, a } = await started();
    const slow = await slowPeer();
    addresses.set('d', slow.address);
    const data = new Uint8Array(2 ** 20);
    for (let id = 1; id <= 100; id += 1) a.send('d', 'bulk', [append('a', 'd', id, data)]);
    slow.answer();
    await vi.waitFor(() => expect(slow.packets).toBeGreaterThan(10), patience);
    a.send('d', 'bulk', [heartbeat('a', 'd', 101)]);
    await vi.waitFor(() => expect(slow.lastId).toBe(101), patience);
    expect(slow.packets).toBeLessThan(20);
  });
});

async function pair(): Promise<[Node, Node]> {
  const addresses = new Map<string, string>();
  return [await Node.start('a', addresses), await Node.start('b', addresses)];
}

async function started(): Promise<{ addresses: Map<string, string>; a: Node; b: Node }> {
  const addresses = new Map<string, string>();
  const [a, b] = [await Node.start('a', addresses), await Node.start('b', addresses)];
  onTestFinished(async () => void (await Promise.all([a.stop(), b.stop()])));
  return { addresses, a, b };
}

function heardBy(node: Node): Envelope[] {
  const got: Envelope[] = [];
  node.listen((packet) => void got.push(...packet));
  return got;
}

function append(from: string, to: string, id: number, data: Uint8Array): Envelope {
  const header = { id, from: memberId(from, '1'), to: memberId(to, '1'), term: 1 };
  const entries = [{ index: id, term: 1, type: 'data' as const, data }];
  return { group: 'g', message: { kind: 'append', ...header, prevIndex: id - 1, prevTerm: 1, entries, commit: 0 } };
}

/** Node `d`, which answers a handshake when it is told to, and counts packets from then on. */
async function slowPeer() {
  const seen = { packets: 0, lastId: 0, greeted: [] as Lane[] };
  let answer = (): void => {};
  const told = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const server = new ApiServer(
    { address: '127.0.0.1:0' },
    { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: () => {} },
  );
  server.serve(raftV1.RaftServiceDefinition, {
    control: async (requests) => {
      for await (const { content } of requests) if (content?.$case === 'handshake') seen.greeted.push('control');
    },
    bulk: async (requests, _context, responses) => {
      for await (const { content } of requests) {
        if (content?.$case === 'handshake') {
          seen.greeted.push('bulk');
          await told;
          await responses.write({ handshake: { ...handshakeOf('d'), toNodeId: 'a' } });
        } else if (content?.$case === 'packet') {
          seen.packets += 1;
          seen.lastId = content.value.messages[0]!.id;
        }
      }
    },
  });
  await server.start();
  onTestFinished(() => server.stop(0));
  return Object.assign(seen, { address: `127.0.0.1:${server.port}`, answer: () => answer() });
}
