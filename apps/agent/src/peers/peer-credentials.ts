import { ChannelCredentials, ClientTls, type Principal, pemFiles } from '@commitlog/api';
import type { Authentication, PresentedCertificate, PresentedChain } from '@commitlog/auth';

/** What to dial peers with. */
export interface PeerCredentials {
  /** Takes whoever has the certificate of a node of this cluster. */
  readonly ofAnyNode: ChannelCredentials;
  /** Takes nobody but this node. The caller closes it. */
  ofNode(node: string): Promise<{ readonly credentials: ChannelCredentials; close(): void }>;
  /** Reads the files now. */
  reload(): Promise<void>;
  close(): void;
}

/** Without TLS everybody is believed. */
export function insecurePeers(): PeerCredentials {
  const credentials = ChannelCredentials.createInsecure();
  return {
    ofAnyNode: credentials,
    ofNode: () => Promise.resolve({ credentials, close: () => {} }),
    reload: () => Promise.resolve(),
    close: () => {},
  };
}

export interface PeerTlsComponents {
  readonly authenticate: (certificate: PresentedCertificate) => Authentication;
  /** Why a node that was dialled is not to be believed, though TLS does: its certificate was revoked, say. */
  readonly problemOf: (certificate: PresentedChain) => Error | undefined;
  /** Told of files that cannot be used: the ones from before go on being. */
  readonly onRefused: (error: Error) => void;
}

/**
 * Mutual TLS by a node's own files.
 *
 * @throws Error when they cannot be read, or used
 */
export async function openPeerTls(
  paths: { readonly ca: string; readonly cert: string; readonly key: string },
  { authenticate, problemOf, onRefused }: PeerTlsComponents,
): Promise<PeerCredentials> {
  const load = pemFiles(paths);
  const checked = (isMeant: (principal: Principal) => boolean, expected: string) => ({
    checkServerIdentity: (_host: string, certificate: PresentedCertificate & PresentedChain): Error | undefined => {
      const answer = authenticate(certificate);
      if ('refused' in answer) return new Error(`expected ${expected}: ${answer.refused}`);
      if (!isMeant(answer.principal)) return new Error(`expected ${expected}, found another's certificate`);
      return problemOf(certificate);
    },
  });
  const ofAnyNode = await ClientTls.open(load, {
    ...checked(({ kind }) => kind === 'node', 'a node of this cluster'),
    onRefused,
  });
  return {
    ofAnyNode,
    ofNode: async (node) => {
      const isMeant = (principal: Principal) => principal.kind === 'node' && principal.nodeId === node;
      const credentials = await ClientTls.open(load, { ...checked(isMeant, `node "${node}"`), reloadMs: 0 });
      return { credentials, close: () => credentials.close() };
    },
    reload: () => ofAnyNode.reload(),
    close: () => ofAnyNode.close(),
  };
}
