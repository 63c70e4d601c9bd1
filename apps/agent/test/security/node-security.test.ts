import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, membershipV1 } from '@commitlog/api';
import { type Authority, createAuthority, saveIssued } from '@commitlog/auth';
import { nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveConfiguration } from '../../src/configuration/configuration.js';
import { identify } from '../../src/peers/identify.js';
import { type NodeSecurity, openSecurity } from '../../src/security/node-security.js';
import { handshakeOf } from '../peers/nodes.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const world = { files: nodeFiles, clock: nodeClock, random: nodeRandom, crypto };

let dir: string;
let authority: Authority;
let closing: (() => Promise<unknown>)[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'commitlog-security-'));
  authority = await createAuthority({ dir: join(dir, 'ca'), name: 'test CA' }, world);
  await writeFile(join(dir, 'policy.csv'), 'p, root, *, *, allow\n');
  closing = [() => rm(dir, { recursive: true })];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

/** A node's certificate, in the place of the one that it has. @returns its serial number */
async function certify(nodeId: string): Promise<string> {
  const issued = await authority.issue({ kind: 'node', cluster: 'shop', nodeId, hosts: ['127.0.0.1'] });
  await saveIssued(issued, { certificate: join(dir, `${nodeId}.crt`), key: join(dir, `${nodeId}.key`) }, world);
  return issued.serialNumber;
}

/** Security as an agent opens it, by its settings. */
async function secure(nodeId: string, more: Record<string, unknown> = {}): Promise<NodeSecurity> {
  const paths = { ca: 'ca/ca.crt', cert: `${nodeId}.crt`, key: `${nodeId}.key` };
  const tls = Object.entries(paths).map(([name, path]) => [`tls.${name}`, join(dir, path)]);
  const settings = {
    ...Object.fromEntries(tls),
    'acl.policy': join(dir, 'policy.csv'),
    'cluster-name': 'shop',
    ...more,
  };
  const { configuration } = resolveConfiguration({ settings });
  const security = await openSecurity(configuration, { ...world, logger });
  closing.push(() => security.stop());
  return security;
}

/** What a node says of itself to whoever dials it. @returns its address */
async function serve(nodeId: string, { serverCredentials, security }: NodeSecurity): Promise<string> {
  const server = new ApiServer(
    { address: '127.0.0.1:0' },
    { credentials: serverCredentials, security, onDefect: ({ error }) => console.error(error) },
  );
  server.serve(membershipV1.MembershipServiceDefinition, {
    identify: () => ({ handshake: handshakeOf(nodeId) }),
    gossip: async () => {},
    leave: () => ({}),
    keyring: () => ({ keyIds: [], sealingKeyId: '' }),
  });
  await server.start();
  closing.push(() => server.stop(0));
  return `127.0.0.1:${server.port}`;
}

describe('a node that dials others', () => {
  it('given one whose certificate is revoked, then it is not believed, until it has another', async () => {
    const stolen = await certify('n2');
    await certify('n1');
    // The one that is dialled knows nothing of it: it may be whoever has stolen the key.
    const n2 = await secure('n2');
    const n1 = await secure('n1', { 'tls.crl': authority.revocationsPath });
    const target = await serve('n2', n2);
    const toN2 = await n1.peers.ofNode('n2');
    closing.push(async () => toN2.close());
    const ask = (by = n1.peers.ofAnyNode) =>
      identify({ target, self: handshakeOf('n1'), timeoutMs: 5000 }, { credentials: by });
    for (const by of [n1.peers.ofAnyNode, toN2.credentials])
      await expect(ask(by)).resolves.toMatchObject({ nodeId: 'n2' });
    await authority.revoke(stolen);
    await n1.reload();
    for (const by of [n1.peers.ofAnyNode, toN2.credentials])
      await expect(ask(by)).rejects.toThrow(/not believed: its certificate was revoked/);
    await certify('n2');
    await n2.reload();
    for (const by of [n1.peers.ofAnyNode, toN2.credentials])
      await expect(ask(by)).resolves.toMatchObject({ nodeId: 'n2' });
  });
});
