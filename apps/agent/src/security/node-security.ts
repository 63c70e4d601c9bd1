import { X509Certificate } from 'node:crypto';
import { type Security, ServerCredentials } from '@commitlog/api';
import {
  AuditTrail,
  Authenticator,
  defaultModelPath,
  openAccessControl,
  openServerTls,
  type ServerTls,
  subjectOf,
} from '@commitlog/auth';
import type { Clock, Files } from '@commitlog/runtime';
import type { Configuration } from '../configuration/settings.js';
import { AgentError } from '../errors.js';
import type { Logger } from '../observability/logger.js';
import { insecurePeers, openPeerTls, type PeerCredentials } from '../peers/peer-credentials.js';

/** Who this node is, whom it believes, and what they may do. */
export interface NodeSecurity {
  readonly nodeId: string;
  readonly serverCredentials: ServerCredentials;
  readonly security: Security;
  readonly peers: PeerCredentials;
  /** Absent without TLS. */
  readonly tls?: ServerTls;
  readonly audit?: AuditTrail;
  /** Reads all files anew. What cannot be used changes nothing, and is logged. */
  reload(): Promise<void>;
  /** To be called after the server has stopped. */
  stop(): Promise<void>;
}

export interface NodeSecurityComponents {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
}

const certificateBytesMax = 1024 * 1024;

/**
 * @throws AgentError `settings` when the certificate is another node's than the settings say
 * @throws AuthError when files cannot be used
 */
export async function openSecurity(
  configuration: Configuration,
  components: NodeSecurityComponents,
): Promise<NodeSecurity> {
  return configuration.insecure ? insecure(configuration, components) : await secure(configuration, components);
}

/** Everybody may do everything: the settings see to it that it is on loopback. */
function insecure({ 'node-id': nodeId, listen }: Configuration, { logger }: NodeSecurityComponents): NodeSecurity {
  logger.warn(
    { listen },
    'INSECURE: no TLS, no identities, no access control. Everybody on this machine may do everything',
  );
  return {
    nodeId: nodeId!,
    serverCredentials: ServerCredentials.createInsecure(),
    security: 'insecure',
    peers: insecurePeers(),
    reload: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

async function secure(configuration: Configuration, components: NodeSecurityComponents): Promise<NodeSecurity> {
  const { files, clock, logger } = components;
  const { 'tls.ca': ca, 'tls.cert': cert, 'tls.key': key, 'tls.crl': crl, 'acl.policy': policy } = configuration;
  const paths = { ca: ca!, cert: cert!, key: key! };
  const audit = new AuditTrail(
    {},
    { clock, write: (record) => logger.info({ audit: record }, `audit: ${record.kind}`) },
  );
  const authenticator = new Authenticator({ cluster: configuration['cluster-name'] });
  const tls = await openServerTls(
    { certificate: paths.cert, key: paths.key, authorities: paths.ca, ...(crl !== undefined && { revocations: crl }) },
    { files, clock, audit },
  );
  const nodeId = await nodeOfCertificate(configuration, authenticator, files);
  const model = configuration['acl.model'] ?? defaultModelPath;
  const acl = await openAccessControl({ model, policy: policy! }, { files, clock, audit });
  const peers = await openPeerTls(paths, {
    authenticate: (certificate) => authenticator.authenticate(certificate),
    problemOf: tls.problemOfServer,
    onRefused: (error) =>
      logger.error({ error }, "this node's certificates cannot be used to dial with: keeping those from before"),
  });
  tls.start();
  acl.start();
  return {
    nodeId,
    serverCredentials: tls.credentials,
    security: {
      authenticator,
      authorizer: acl,
      onRefused: ({ method, peer, principal, why }) =>
        audit.record({
          kind: 'call-refused',
          subject: principal ? subjectOf(principal) : '',
          method,
          from: peer,
          reason: why,
        }),
    },
    peers,
    tls,
    audit,
    reload: async () => {
      await Promise.all([tls.reload(), acl.reload(), peers.reload()]);
    },
    stop: async () => {
      peers.close();
      await Promise.all([tls.stop(), acl.stop()]);
    },
  };
}

/** A certificate says which node this is; settings may say it too, and then the same. */
async function nodeOfCertificate(
  { 'tls.cert': path, 'node-id': expected, 'cluster-name': cluster }: Configuration,
  authenticator: Authenticator,
  files: Files,
): Promise<string> {
  const file = await files.open(path!, 'read');
  try {
    const pem = Buffer.alloc(certificateBytesMax);
    const certificate = new X509Certificate(pem.subarray(0, await file.read(pem, 0)));
    const answer = authenticator.authenticate(certificate);
    if ('refused' in answer || answer.principal.kind !== 'node') {
      const why = 'refused' in answer ? answer.refused : 'it is that of a client';
      throw new AgentError('settings', `${path} is no certificate of a node of cluster "${cluster}": ${why}`);
    }
    const { nodeId } = answer.principal;
    if (expected === undefined || expected === nodeId) return nodeId;
    throw new AgentError('settings', `node-id is "${expected}", and ${path} is the certificate of "${nodeId}"`);
  } finally {
    await file.close();
  }
}
