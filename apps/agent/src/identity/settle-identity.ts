import type { peerV1 } from '@commitlog/api';
import type { Clock, Random } from '@commitlog/runtime';
import { AgentError } from '../errors.js';
import type { Logger } from '../observability/logger.js';
import { handshakeOf } from '../peers/handshake.js';
import type { DataDirectory, Identity } from './data-directory.js';

export interface SettleInit {
  readonly nodeId: string;
  readonly clusterName: string;
  readonly bootstrap: boolean;
  /** Where nodes of the cluster may be, each `host:port`. */
  readonly join: readonly string[];
  /** Where this node itself is to be reached, if that is known. */
  readonly advertised: string | undefined;
}

export interface SettleComponents {
  /** Asks who is at an address. Rejects when nobody answers. */
  readonly identify: (target: string, self: peerV1.Handshake) => Promise<peerV1.Handshake>;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** How long to wait before all places are asked again: nodes that start together wait little, and one that is alone asks little. */
const firstAskAgainMs = 50;
const askAgainMsMax = 500;
const idBytes = 16;

/**
 * Whose directory this is, and if it is nobody's yet, whose it becomes: the founder's of a new cluster, or a node's of the one that answers.
 *
 * @throws AgentError `not-this-node`, `no-cluster`, `bootstrap-refused`, `stopped`
 */
export async function settleIdentity(
  directory: DataDirectory,
  init: SettleInit,
  components: SettleComponents,
): Promise<Identity> {
  const { nodeId, clusterName, bootstrap, join } = init;
  const known = directory.identity;
  if (known !== undefined) {
    requireSame(directory, known, init);
    return known;
  }
  const storageId = Buffer.from(components.random.bytes(idBytes)).toString('hex');
  if (!bootstrap && join.length === 0) {
    const message = `${directory.path} is new: found a cluster with --bootstrap, on exactly one node, or join one with --join host:port`;
    throw new AgentError('no-cluster', message);
  }
  const self = handshakeOf({ clusterId: '', nodeId, storageId });
  const clusterId = bootstrap ? await foundedId(self, init, components) : await joinedId(self, join, components);
  const identity = { clusterId, clusterName, nodeId, storageId, state: bootstrap ? 'founding' : 'joining' } as const;
  await directory.save(identity);
  return identity;
}

function requireSame({ path }: DataDirectory, known: Identity, { nodeId, clusterName }: SettleInit): void {
  for (const [what, is, expected] of [
    ['node', known.nodeId, nodeId],
    ['cluster', known.clusterName, clusterName],
  ] as const) {
    if (is === expected) continue;
    const message = `${path} belongs to ${what} "${is}", and this is "${expected}": use another directory, or the settings that it was made with`;
    throw new AgentError('not-this-node', message);
  }
}

/** A bootstrap beside a cluster that is there would make two of one. */
async function foundedId(self: peerV1.Handshake, init: SettleInit, components: SettleComponents): Promise<string> {
  const places = [...init.join, ...(init.advertised === undefined ? [] : [init.advertised])];
  const found = await firstAnswer(places, self, components);
  if (found === undefined) return Buffer.from(components.random.bytes(idBytes)).toString('hex');
  const message = `there is a cluster already: node "${found.handshake.nodeId}" answers at ${found.target}. Join it (--join ${found.target}) instead of --bootstrap`;
  throw new AgentError('bootstrap-refused', message);
}

async function joinedId(
  self: peerV1.Handshake,
  join: readonly string[],
  components: SettleComponents,
): Promise<string> {
  const { clock, signal, logger } = components;
  for (let tries = 0; ; tries += 1) {
    const found = await firstAnswer(join, self, components);
    if (found !== undefined) return found.handshake.clusterId;
    // Nodes may be started in any order: the one to join may come later.
    if (tries === 0) logger.warn({ join }, 'nobody answers yet where this node is to join: asking again');
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        timer.cancel();
        reject(signal.reason);
      };
      const timer = clock.after(Math.min(firstAskAgainMs * 2 ** tries, askAgainMsMax), () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}

/** Of those who belong to a cluster. All are asked at once, and the first in the list counts. */
async function firstAnswer(
  places: readonly string[],
  self: peerV1.Handshake,
  { identify, logger, signal }: SettleComponents,
): Promise<{ readonly target: string; readonly handshake: peerV1.Handshake } | undefined> {
  signal.throwIfAborted();
  const answers = await Promise.all(
    places.map(async (target) => {
      try {
        return { target, handshake: await identify(target, self) };
      } catch (error) {
        logger.debug({ target, error }, 'nobody there to join');
        return undefined;
      }
    }),
  );
  signal.throwIfAborted();
  return answers.find((answer) => answer !== undefined && answer.handshake.clusterId !== '');
}
