import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { AuditTrail, Authenticator, createAuthority, defaultModelPath, openAccessControl } from '@commitlog/auth';
import { nodeClock as clock, nodeFiles as files, nodeRandom as random } from '@commitlog/runtime/node';

const dir = mkdtempSync(`${tmpdir()}/who-may-`);
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
const audit = new AuditTrail({}, { clock, write: ({ kind }) => console.log(`audit: ${kind}`) });

// An authority, and a certificate for a client. A server gets it from TLS; here it comes at once.
const authority = await createAuthority({ dir: `${dir}/ca`, name: 'shop CA' }, { files, clock, random, crypto });
const { certificatePem } = await authority.issue({ kind: 'client', subject: 'till-3' });

// Who is it? One identity, or none.
const who = new Authenticator({ cluster: 'shop' }).authenticate(new X509Certificate(certificatePem));
if ('refused' in who) throw new Error(who.refused);
console.log(who.principal);

// What may it do?
await writeFile(`${dir}/policy.csv`, 'p, role:till, orders-*, produce, allow\ng, till-3, role:till\n');
const acl = await openAccessControl({ model: defaultModelPath, policy: `${dir}/policy.csv` }, { files, clock, audit });
for (const action of ['produce', 'consume']) console.log(action, acl.isAllowed(who.principal, action, 'orders-eu'));
console.log(acl.explain('till-3', 'produce', 'orders-eu').line);
