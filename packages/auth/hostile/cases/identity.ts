import { strict as assert } from 'node:assert';
import { clientAuth, type Forgery, serverAuth } from '../../test/forge.js';
import { always, type Case } from '../case.js';
import { drain, requireAudited, requireError, withNothingStored } from '../expect.js';
import type { Bearer, Clients, Ground } from '../ground.js';

const both = [serverAuth, clientAuth];

/** Certificates that TLS accepts, since our authority has signed them, and that are nobody's. */
const nobodies: ReadonlyArray<readonly [what: string, forgery: Forgery]> = [
  ['without an extended key usage', { commonNames: ['alice'], usages: [] }],
  ['with two common names', { commonNames: ['alice', 'bob'] }],
  ['without a name', {}],
  ['with a NUL in its name', { commonNames: ['alice\0.example'] }],
  ['with a name that looks like another', { commonNames: ['аlice'] }],
  ['with the name of a role', { commonNames: ['role:operator'] }],
  ['with a name of 10,000 characters', { commonNames: ['x'.repeat(10_000)] }],
  ['with two SPIFFE ids', { uris: ['spiffe://prod/node/n2', 'spiffe://prod/node/n3'], usages: both }],
  [
    'with a SPIFFE id that is no node’s, and a name',
    { uris: ['spiffe://prod/admin'], commonNames: ['alice'], usages: both },
  ],
  ['of a node of another cluster', { uris: ['spiffe://test/node/n2'], usages: both }],
  ['of a node that may be no server', { uris: ['spiffe://prod/node/n2'] }],
  ['that may sign others', { commonNames: ['alice'], isAuthority: true }],
];

async function as(ground: Ground, bearer: Bearer, act: (clients: Clients) => Promise<unknown>): Promise<void> {
  const clients = await ground.connect(bearer);
  try {
    await act(clients);
  } finally {
    clients.close();
  }
}

const handshakeOf = (nodeId: string) => ({
  protocolMin: 1,
  protocolMax: 1,
  clusterId: 'c1',
  nodeId,
  storageId: 's2',
  toNodeId: '',
  toStorageId: '',
});

/** The first message of a stream between nodes. */
const opening = (nodeId: string) => ({ content: { $case: 'handshake', value: handshakeOf(nodeId) } }) as const;

async function control({ raft }: Clients, nodeId: string): Promise<unknown> {
  const stream = raft.control();
  stream.write(opening(nodeId)).catch(() => {});
  stream.end();
  return drain(stream);
}

async function bulk({ raft }: Clients, nodeId: string): Promise<unknown> {
  const stream = raft.bulk();
  stream.write(opening(nodeId)).catch(() => {});
  stream.end();
  return drain(stream);
}

/** Bad input, row 3, and certificates that prove no identity. */
export const identityCases: readonly Case[] = [
  ...nobodies.map(([what, forgery]) =>
    always(`a certificate ${what}: UNAUTHENTICATED, audited`, async (ground) => {
      await as(ground, await ground.forge(forgery), async ({ log }) => {
        const produce = { record: { value: Buffer.from('x'), offset: 0n, term: 0n, type: 0 }, log: '' };
        await withNothingStored(ground, () => requireError(log.produce(produce), 'UNAUTHENTICATED'));
        await requireError(log.getServers({}), 'UNAUTHENTICATED');
      });
      await requireAudited(ground, (record) => record.kind === 'call-refused' && record.subject === '');
    }),
  ),
  always("a client's certificate on Raft calls: PERMISSION_DENIED, audited, nothing changed", (ground) =>
    as(ground, ground.alice, async (clients) => {
      await withNothingStored(ground, async () => {
        await requireError(control(clients, 'n2'), 'PERMISSION_DENIED');
        await requireError(bulk(clients, 'n2'), 'PERMISSION_DENIED');
      });
      await requireAudited(
        ground,
        (record) => record.kind === 'call-refused' && record.subject === 'alice' && record.method.includes('raft'),
      );
    }),
  ),
  always("a client's certificate on membership calls: PERMISSION_DENIED, audited, nothing changed", (ground) =>
    as(ground, ground.alice, async ({ membership }) => {
      await withNothingStored(ground, async () => {
        await requireError(membership.identify({ handshake: handshakeOf('n2') }), 'PERMISSION_DENIED');
        await requireError(membership.leave({ handshake: handshakeOf('n2') }), 'PERMISSION_DENIED');
      });
      await requireAudited(
        ground,
        (record) =>
          record.kind === 'call-refused' && record.subject === 'alice' && record.method.includes('membership'),
      );
    }),
  ),
  always(
    'node n2 speaking as node n3: PERMISSION_DENIED, audited, nothing changed; as itself it is believed',
    async (ground) => {
      await as(ground, await ground.issueNode('n2'), async (clients) => {
        await withNothingStored(ground, async () => {
          await requireError(control(clients, 'n3'), 'PERMISSION_DENIED');
          await requireError(bulk(clients, 'n3'), 'PERMISSION_DENIED');
          await requireError(clients.membership.leave({ handshake: handshakeOf('n3') }), 'PERMISSION_DENIED');
        });
        await requireAudited(
          ground,
          (record) => record.kind === 'call-refused' && record.subject === 'spiffe://prod/node/n2',
        );
        const { stored } = await ground.report();
        await control(clients, 'n2');
        assert.equal((await ground.report()).stored.peers, stored.peers + 1);
      });
    },
  ),
];
