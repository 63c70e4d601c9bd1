import type { World } from '../world.js';
import { clusterName, type Layout, subjects } from './layout.js';
import { replaceFile } from './replace-file.js';

const policy = `p, admin, *, produce, allow
p, admin, *, consume, allow
p, admin, *, admin, allow
p, reader, *, consume, allow
`;

const hosts = ['127.0.0.1', 'localhost'];

/** What a cluster needs before its first node starts: an authority, what that issues to nodes and clients, access control, a key for gossip. */
export async function makeCredentials(layout: Layout, nodeIds: readonly string[], world: World): Promise<void> {
  // Loaded late: it takes longer than all else together.
  const { createAuthority, saveIssued } = await import('@commitlog/auth');
  await replaceFile(layout.policy, policy, world);
  const key = Buffer.from(world.random.bytes(32)).toString('hex');
  await replaceFile(layout.keyring, `${key}\n`, world);
  const authority = await createAuthority({ dir: layout.authority, name: `${clusterName} CA` }, world);
  const identities = [
    ...nodeIds.map((nodeId) => ({ kind: 'node' as const, cluster: clusterName, nodeId, hosts })),
    ...subjects.map((subject) => ({ kind: 'client' as const, subject })),
  ];
  for (const identity of identities) {
    const { cert, key } = layout.tls(identity.kind === 'node' ? identity.nodeId : identity.subject);
    await saveIssued(await authority.issue(identity), { certificate: cert, key }, world);
  }
}
