import type { Http2SecureServer } from 'node:http2';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiServer, adminV1, checkHandshake, type Handlers, logV1, type Refusal, raftV1 } from '../../src/index.js';
import { type Identity, TestCa } from '../certificates.js';
import {
  drain,
  eventually,
  failureOf,
  logClient,
  openChannel,
  produceRequest,
  type Secured,
  secure,
  serve,
  serveSecured,
  TestAuthorizer,
  testAuthenticator,
  until,
} from '../rig.js';

let authorizer: TestAuthorizer;
let secured: Secured;

beforeEach(async () => {
  authorizer = new TestAuthorizer(['alice produce default', 'alice consume default', 'alice produce orders']);
  secured = await serveSecured(authorizer);
});

const clientAs = async (name: string, uri?: string) =>
  secured.as(await secured.ca.issue(name, uri)).client(logV1.LogDefinition);

/** Mutual TLS that shows every socket as soon as it shakes hands. */
class SocketCredentials extends ServerCredentials {
  constructor(ca: string, { cert, key }: Identity, onSocket: (socket: TLSSocket) => void) {
    const ALPNCallback = function (this: TLSSocket): string {
      onSocket(this);
      return 'h2';
    };
    super({ requestCert: true, ALPNCallback }, { ca, cert, key });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

describe('who may call', () => {
  it('a subject does what it is granted, on the log that it is granted for', async () => {
    const alice = await clientAs('alice');
    expect(await alice.produce(produceRequest('tea'))).toEqual({ offset: 0n });
    expect(await alice.produce(produceRequest('tea', 'orders'))).toEqual({ offset: 1n });
    const refused = await failureOf(alice.consume({ offset: 0n, log: 'orders' }));
    expect(refused).toMatchObject({ code: 'PERMISSION_DENIED', metadata: { action: 'consume', log: 'orders' } });
  });

  it('a subject with no grant reads the same words for a log that exists and for one that does not', async () => {
    const bob = await clientAs('bob');
    const [there, notThere] = [
      await failureOf(bob.produce(produceRequest('x', 'orders'))),
      await failureOf(bob.produce(produceRequest('x', 'nowhere'))),
    ];
    expect(there.code).toBe('PERMISSION_DENIED');
    expect(there.message.replace('orders', 'nowhere')).toBe(notThere.message);
  });

  it('every kind of call is refused, and the handler sees none of them', async () => {
    const bob = await clientAs('bob');
    const append = bob.append();
    append.write({ log: '', batch: Buffer.from('x'), expectedOffset: undefined }).catch(() => {});
    const calls = [
      bob.consume({ offset: 0n, log: '' }),
      drain(bob.consumeStream({ offset: 0n, log: '' })),
      drain(append),
      bob.openProducer({ log: '', name: '' }),
    ];
    const failures = await Promise.all(calls.map(failureOf));
    expect(failures.map(({ code }) => code)).toEqual(Array(4).fill('PERMISSION_DENIED'));
    const alice = await clientAs('alice');
    expect(await failureOf(alice.consume({ offset: 0n, log: '' }))).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  });

  it('any subject may ask for the servers', async () => {
    const bob = await clientAs('bob');
    expect((await bob.getServers({})).servers).toHaveLength(1);
    expect(authorizer.asked).toEqual([]);
  });

  it('a certificate that proves no identity is refused, and that is told to the auditor', async () => {
    const nobody = await clientAs('nobody');
    const refused = await failureOf(nobody.getServers({}));
    expect(refused).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(refused.message).toContain('it names nobody');
    expect(secured.refusals).toMatchObject([{ method: '/log.v1.Log/GetServers', why: refused.message }]);
  });

  it('the authenticator gets the same certificate for every call of a connection, and another for another', async () => {
    const seen: unknown[] = [];
    const authenticate = (certificate: PeerCertificate) => {
      seen.push(certificate);
      return testAuthenticator.authenticate(certificate);
    };
    const security = { authenticator: { authenticate }, authorizer };
    const { ca, as } = await serveSecured(authorizer, {}, { security });
    const identity = await ca.issue('alice');
    const [one, other] = [as(identity), as(identity)].map((channel) => channel.client(logV1.LogDefinition));
    for (const client of [one!, one!]) await client.getServers({});
    const ofOne = new Set(seen.splice(0));
    await other!.getServers({});
    const ofOther = new Set(seen);
    expect([ofOne.size, ofOther.size, new Set([...ofOne, ...ofOther]).size]).toEqual([1, 1, 2]);
    expect([...ofOther]).toEqual([...ofOne]);
  });

  it('whoever has gone before the call is looked at is nobody: it is not served, and the next one is', async () => {
    const ca = await TestCa.create();
    let isToBeCut = true;
    const credentials = new SocketCredentials(ca.pem, await ca.issue('server'), (socket) => {
      const { server } = socket as unknown as { server: Http2SecureServer };
      // When the request was read, and before anybody hears of it.
      if (isToBeCut) server.once('session', (session) => session.prependOnceListener('stream', () => socket.destroy()));
    });
    const served: string[] = [];
    const produce = () => ({ offset: BigInt(served.push('tea')) });
    const refusals: Refusal[] = [];
    const security = {
      authenticator: testAuthenticator,
      authorizer,
      onRefused: (refusal: Refusal) => refusals.push(refusal),
    };
    const { target } = await serve({ produce }, {}, { credentials, security });
    const alice = await ca.issue('alice');
    const [root, key, chain] = [ca.pem, alice.key, alice.cert].map((pem) => Buffer.from(pem));
    const call = () =>
      openChannel(target, {}, { credentials: ChannelCredentials.createSsl(root!, key!, chain!) })
        .client(logV1.LogDefinition)
        .produce(produceRequest('tea'));
    expect(await failureOf(call())).toMatchObject({ code: 'UNAVAILABLE' });
    expect(served).toEqual([]);
    expect(refusals).toMatchObject([{ why: 'the caller has shown no certificate' }]);
    isToBeCut = false;
    expect(await call()).toEqual({ offset: 1n });
  });

  it('an authenticator that throws is a defect: the caller is told an id, and the next call works', async () => {
    let isBroken = true;
    const authenticate = (certificate: PeerCertificate) => {
      if (isBroken) throw new Error('a defect');
      return testAuthenticator.authenticate(certificate);
    };
    const security = { authenticator: { authenticate }, authorizer };
    const { ca, as, defects } = await serveSecured(authorizer, {}, { security });
    const alice = as(await ca.issue('alice')).client(logV1.LogDefinition);
    expect(await failureOf(alice.getServers({}))).toMatchObject({ code: 'INTERNAL', metadata: { id: defects[0]!.id } });
    isBroken = false;
    expect((await alice.getServers({})).servers).toHaveLength(1);
  });

  it('a message on a stream is checked like the first one', async () => {
    const alice = await clientAs('alice');
    const stream = alice.produceStream();
    const responses = stream[Symbol.asyncIterator]();
    await stream.write(produceRequest('tea'));
    expect(await responses.next()).toMatchObject({ value: { offset: 0n } });
    await stream.write(produceRequest('tea', 'secret'));
    expect(await failureOf(responses.next())).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it.each(['../etc/passwd', 'a/b', 'a\0b', '..', '.', 'a..b', 'x'.repeat(129), 'ünïcode', ' '])(
    'no log has the name %j, and the authorizer is not asked about it',
    async (log) => {
      const alice = await clientAs('alice');
      expect(await failureOf(alice.produce(produceRequest('x', log)))).toMatchObject({ code: 'INVALID_LOG_NAME' });
      expect(authorizer.asked).toEqual([]);
      expect(await alice.produce(produceRequest('tea'))).toEqual({ offset: 0n });
    },
  );
});

describe('a method for nodes', () => {
  const raft: Handlers<typeof raftV1.RaftServiceDefinition> = {
    async control(requests, { principal }, responses) {
      const toNodeId = principal.kind === 'node' ? principal.nodeId : '';
      for await (const { content } of requests) {
        const theirs = content?.$case === 'handshake' ? content.value : undefined;
        checkHandshake(theirs, { self: handshake, principal });
        await responses.write({ handshake: { ...handshake, toNodeId } });
      }
    },
    async bulk() {},
  };
  const handshake = {
    protocolMin: 1,
    protocolMax: 1,
    clusterId: 'c',
    nodeId: 'n1',
    storageId: 's1',
    toNodeId: '',
    toStorageId: '',
  };

  const raftAs = async (name: string, uri?: string) => {
    secured = await secure(authorizer, (server) => server.serve(raftV1.RaftServiceDefinition, raft));
    return secured.as(await secured.ca.issue(name, uri)).client(raftV1.RaftServiceDefinition);
  };

  it('is open to a node, whose id the handler knows', async () => {
    const node = await raftAs('n7', 'spiffe://test/node/n7');
    const stream = node.control();
    await stream.write({ content: { $case: 'handshake', value: { ...handshake, nodeId: 'n7' } } });
    stream.end();
    expect(await drain(stream)).toMatchObject([{ handshake: { nodeId: 'n1', toNodeId: 'n7' } }]);
  });

  it('is closed to a node that speaks as another one, and that is told to the auditor', async () => {
    const node = await raftAs('n7', 'spiffe://test/node/n7');
    const stream = node.control();
    await stream.write({ content: { $case: 'handshake', value: { ...handshake, nodeId: 'n2' } } });
    const refused = await failureOf(drain(stream));
    expect(refused).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(secured.refusals).toMatchObject([{ principal: { kind: 'node', nodeId: 'n7' }, why: refused.message }]);
  });

  it('is closed to a client, whatever it is granted, and that is told to the auditor', async () => {
    authorizer.change(['alice node *']);
    const alice = await raftAs('alice');
    const stream = alice.control();
    stream.write({ content: { $case: 'handshake', value: handshake } }).catch(() => {});
    expect(await failureOf(drain(stream))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(secured.refusals).toMatchObject([
      { method: '/commitlog.raft.v1.RaftService/Control', principal: { kind: 'client', subject: 'alice' } },
    ]);
  });
});

describe('when the policy changes', () => {
  it('a stream that is not allowed any more ends within a second, and others go on', async () => {
    authorizer.change(['alice consume default', 'bob consume default']);
    const [alice, bob] = [await clientAs('alice'), await clientAs('bob')];
    const alices = failureOf(drain(alice.consumeStream({ offset: 0n, log: '' })));
    const bobs = bob.consumeStream({ offset: 0n, log: '' });
    const bobsEnd = failureOf(drain(bobs));
    await eventually(() => secured.server.openCalls === 2, 'both streams are open');
    const since = performance.now();
    authorizer.change(['bob consume default']);
    expect(await alices).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(performance.now() - since).toBeLessThan(1000);
    expect(secured.server.openCalls).toBe(1);
    bobs.cancel();
    expect(await bobsEnd).toMatchObject({ code: 'CANCELLED' });
  });

  it('so does the stream of a client that does not read', async () => {
    authorizer.change(['alice consume default']);
    const value = Buffer.alloc(1_000_000);
    let isOver = false;
    const { server, ca, as } = await serveSecured(authorizer, {
      async consumeStream(_request, { signal }, responses) {
        const response = { record: { value, offset: 0n, term: 0n, type: 0 } };
        try {
          for (;;) await responses.write(response);
        } finally {
          isOver = signal.aborted;
        }
      },
    });
    const stream = as(await ca.issue('alice'))
      .client(logV1.LogDefinition)
      .consumeStream({ offset: 0n, log: '' });
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    const since = performance.now();
    authorizer.change([]);
    await eventually(() => isOver && server.openCalls === 0, 'the handler has ended');
    expect(performance.now() - since).toBeLessThan(1000);
    let received = 0;
    const rest = async () => {
      for (;;) {
        if ((await reader.next()).done) return;
        received += 1;
      }
    };
    await failureOf(rest());
    expect(received, 'what was under way, and no more').toBeLessThan(20);
  });

  it('nothing more is sent to a reader that has lost its grant, though many others are asked about before it', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `reader-${at}`);
    const grants = [...names, 'mallory'].map((name) => `${name} consume default`);
    authorizer.change(grants);
    const mallorys: Array<() => Promise<void>> = [];
    const { server, ca, as } = await serveSecured(authorizer, {
      async consumeStream(_request, { principal, signal }, responses) {
        const write = () => responses.write({ record: { value: Buffer.from('x'), offset: 0n, term: 0n, type: 0 } });
        if (principal.kind === 'client' && principal.subject === 'mallory') mallorys.push(write);
        await write();
        await until(signal);
      },
    });
    const readAs = async (name: string) => {
      const client = as(await ca.issue(name)).client(logV1.LogDefinition);
      const reader = client.consumeStream({ offset: 0n, log: '' })[Symbol.asyncIterator]();
      await reader.next();
      return reader;
    };
    for (const name of names) await readAs(name);
    const reader = await readAs('mallory');
    authorizer.decisionMs = 5;
    const since = authorizer.asked.length;
    authorizer.change(grants.slice(0, -1));
    expect(authorizer.asked.length - since, 'the others take more than one slice').toBeLessThan(30);
    void mallorys[0]!().catch(() => {});
    expect(server.openCalls).toBe(30);
    expect(await failureOf(reader.next())).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('a server that has stopped is told no more', async () => {
    expect(authorizer.listeners.size).toBe(1);
    await secured.server.stop(0);
    expect(authorizer.listeners.size).toBe(0);
  });
});

describe('a method of the cluster', () => {
  it('is granted for *', async () => {
    const unused = (): never => {
      throw new Error('unused');
    };
    const names = Object.keys(adminV1.AdminServiceDefinition.methods);
    const handlers = Object.fromEntries(names.map((name) => [name, unused])) as unknown as Handlers<
      typeof adminV1.AdminServiceDefinition
    >;
    const admin: Handlers<typeof adminV1.AdminServiceDefinition> = {
      ...handlers,
      removeMember: () => ({}),
      trimLog: () => ({ startOffset: 3n }),
    };
    const { ca, as } = await secure(authorizer, (server) => server.serve(adminV1.AdminServiceDefinition, admin));
    authorizer.change(['root admin *', 'keeper admin orders']);
    const adminAs = async (name: string) => as(await ca.issue(name)).client(adminV1.AdminServiceDefinition);
    const [root, keeper] = [await adminAs('root'), await adminAs('keeper')];
    expect(await root.removeMember({ nodeId: 'n1' })).toEqual({});
    expect(await failureOf(keeper.removeMember({ nodeId: 'n1' }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await keeper.trimLog({ log: 'orders', beforeOffset: 3n })).toEqual({ startOffset: 3n });
    expect(await failureOf(root.trimLog({ log: 'orders', beforeOffset: 3n }))).toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});

describe('a server without security', () => {
  it('needs to be told so: with grants but without TLS it is refused', () => {
    const settings = {
      credentials: ServerCredentials.createInsecure(),
      security: { authenticator: testAuthenticator, authorizer },
      onDefect: () => {},
    };
    expect(() => new ApiServer({ address: '127.0.0.1:0' }, settings)).toThrow(/without TLS/);
  });

  it('lets everybody in, as anonymous', async () => {
    let subject = '';
    const { target } = await serve({
      getServers: (_request, { principal }) => {
        if (principal.kind === 'client') subject = principal.subject;
        return { servers: [], term: 0n };
      },
    });
    await logClient(target).getServers({});
    expect(subject).toBe('anonymous');
  });
});
