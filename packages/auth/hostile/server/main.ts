/**
 * The server that is attacked, in a process of its own: its memory is its own, and its death would be noticed. It is put together
 * as an agent puts it together. Started by ground.ts, with the paths of its files as JSON.
 */
import { ApiServer, logV1, membershipV1, raftV1 } from '@commitlog/api';
import { nodeClock as clock, nodeFiles as files } from '@commitlog/runtime/node';
import {
  type AuditRecord,
  AuditTrail,
  Authenticator,
  openAccessControl,
  openServerTls,
  subjectOf,
} from '../../src/index.js';
import type { Report, ServerFiles } from './report.js';
import { logHandlers, membershipHandlers, raftHandlers, Stored } from './services.js';

const { model, policy, ...paths } = JSON.parse(process.argv[2]!) as ServerFiles;
const audited: AuditRecord[] = [];
const defects: { id: string | undefined; error: string }[] = [];
const stored = new Stored();

const audit = new AuditTrail({}, { clock, write: (record) => remember(audited, record, 200) });
const tls = await openServerTls({ ...paths, pollMs: 100, sweepMs: 1000 }, { files, clock, audit });
const acl = await openAccessControl({ model, policy }, { files, clock, audit });
tls.start();
acl.start();
process.on('SIGHUP', () => void Promise.all([acl.reload(), tls.reload()]));

const server = new ApiServer(
  { address: '127.0.0.1:0' },
  {
    credentials: tls.credentials,
    security: {
      authenticator: new Authenticator({ cluster: 'prod' }),
      authorizer: acl,
      onRefused: ({ method, peer, principal, why }) => {
        const subject = principal === undefined ? '' : subjectOf(principal);
        audit.record({ kind: 'call-refused', subject, method, from: peer, reason: why });
      },
    },
    onDefect: ({ id, error }) => remember(defects, { id, error: String(error) }, 20),
  },
);
server.serve(logV1.LogDefinition, logHandlers(stored));
server.serve(raftV1.RaftServiceDefinition, raftHandlers(stored, audit));
server.serve(membershipV1.MembershipServiceDefinition, membershipHandlers(stored, audit));
await server.start();

let peakBytes = 0;
setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 10).unref();

process.on('message', () => process.send?.(report()));
process.on('disconnect', () => process.exit());
process.send?.({ port: server.port });

function report(): Report {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const rssBytes = process.memoryUsage.rss();
  const peakMb = Math.max(peakBytes, rssBytes) / 1e6;
  peakBytes = 0;
  return {
    stored: { records: stored.records.length, batches: stored.batches, peers: stored.peers },
    audit: audited,
    acl: acl.counts,
    tls: tls.status,
    openCalls: server.openCalls,
    defects,
    heldMb: (heapUsed + external) / 1e6,
    rssMb: rssBytes / 1e6,
    peakMb,
  };
}

function remember<Item>(list: Item[], item: Item, countMax: number): void {
  list.push(item);
  if (list.length > countMax) list.shift();
}
