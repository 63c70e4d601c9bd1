import type { Clock, Files } from '@commitlog/runtime';
import type { Configuration } from './configuration/settings.js';
import type { Logger } from './observability/logger.js';
import { KeyringFile } from './peers/keyring-file.js';
import { openSecurity } from './security/node-security.js';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Reads every file that a configuration names, as a start would: certificates, key, revocation lists, access control, keyring. Changes nothing, and touches
 * neither the network nor the data directory.
 *
 * @returns the node that it would be
 * @throws AgentError, AuthError or MembershipError for the first file that a start would refuse
 */
export async function preflight(
  configuration: Configuration,
  { files, clock }: { readonly files: Files; readonly clock: Clock },
): Promise<{ readonly nodeId: string }> {
  const security = await openSecurity(configuration, { files, clock, logger: silent });
  await security.stop();
  const keyring = configuration['gossip.keyring'];
  if (keyring !== undefined) await KeyringFile.open(keyring, { files });
  return { nodeId: security.nodeId };
}
