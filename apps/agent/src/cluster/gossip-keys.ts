import { ApiChannel, ApiError, membershipV1, type peerV1 } from '@commitlog/api';
import type { Logger } from '../observability/logger.js';
import {
  type KeyChange,
  type KeyringFile,
  keyIdOf,
  keyInUse,
  keyNotFound,
  type NodeKeys,
} from '../peers/keyring-file.js';
import type { PeerCredentials } from '../peers/peer-credentials.js';

export interface GossipKeysComponents {
  readonly self: peerV1.Handshake;
  /** This node's; `undefined` where gossip is not sealed. */
  readonly keyring: Pick<KeyringFile, 'keys' | 'change'> | undefined;
  /** Every node that is in the configuration, or that gossip knows and has not seen leaving, in order. */
  readonly nodes: () => readonly string[];
  /** Where a node is dialled, if that is known. */
  readonly addressOf: (node: string) => string | undefined;
  readonly peers: Pick<PeerCredentials, 'ofNode'>;
  readonly logger: Logger;
}

/** What the nodes have answered: their keys, or nothing. */
interface Answers {
  readonly keys: ReadonlyMap<string, NodeKeys>;
  readonly unreachable: readonly string[];
}

/** A key, and the nodes that have it, in order. */
export interface KeyHolders {
  readonly id: string;
  readonly nodes: readonly string[];
  readonly sealing: readonly string[];
}

/** How long a node is waited for. */
const askMs = 2000;
/** What a node says that is there and refuses; everything else comes from one that cannot be reached. */
const refusals: readonly string[] = ['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'PERMISSION_DENIED'];

/**
 * The keys of gossip on all nodes. Each keeps its own, in a file; a change is made on every node that answers, this one included, and is told
 * with who did not. Any order of calls leaves nodes that hear each other: a key is used only where all who answer have it, and removed
 * only where none of them seals with it.
 */
export class GossipKeys {
  readonly #with: GossipKeysComponents;

  constructor(components: GossipKeysComponents) {
    this.#with = components;
  }

  /** Those of this node, changed first if that is asked for. @throws ApiError as `KeyringFile.change` does; `FAILED_PRECONDITION` without a keyring */
  async here(change: KeyChange | undefined): Promise<NodeKeys> {
    const { keyring, self, logger } = this.#with;
    if (keyring === undefined) {
      const message = `node "${self.nodeId}" has no keyring: its gossip is not sealed. Name a file with gossip.keyring, and start it again`;
      throw new ApiError('FAILED_PRECONDITION', message);
    }
    if (change !== undefined) {
      await keyring.change(change);
      const key = change.kind === 'install' ? keyIdOf(change.key) : change.id;
      logger.info({ change: change.kind, key }, 'the keys of gossip were changed by a call');
    }
    return keyring.keys;
  }

  async list(
    signal: AbortSignal,
  ): Promise<{ readonly keys: readonly KeyHolders[]; readonly unreachable: readonly string[] }> {
    const { keys, unreachable } = await this.#askAll(undefined, signal);
    const ids = new Set([...keys.values()].flatMap((of) => of.ids));
    return { keys: [...ids].sort().map((id) => holdersOf(id, keys)), unreachable };
  }

  /** @returns the key's id, and the nodes that did not answer, as the other changes do */
  async install(
    key: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly unreachable: readonly string[] }> {
    const { unreachable } = await this.#askAll({ kind: 'install', key }, signal);
    return { id: keyIdOf(key), unreachable };
  }

  async use(id: string, signal: AbortSignal): Promise<readonly string[]> {
    const { nodes, lacking } = await this.#holders(id, signal);
    if (nodes.length === 0) throw keyNotFound(id);
    if (lacking.length > 0) throw keyInUse(id, `${named(lacking)} would not understand it: install it there first`);
    return (await this.#askAll({ kind: 'use', id }, signal)).unreachable;
  }

  async remove(id: string, signal: AbortSignal): Promise<readonly string[]> {
    const { nodes, sealing } = await this.#holders(id, signal);
    if (nodes.length === 0) throw keyNotFound(id);
    if (sealing.length > 0) throw keyInUse(id, `${named(sealing)} would seal with it still: use another first`);
    return (await this.#askAll({ kind: 'remove', id }, signal)).unreachable;
  }

  async #holders(id: string, signal: AbortSignal): Promise<KeyHolders & { readonly lacking: readonly string[] }> {
    requireId(id);
    const { keys } = await this.#askAll(undefined, signal);
    const holders = holdersOf(id, keys);
    return { ...holders, lacking: [...keys.keys()].filter((node) => !holders.nodes.includes(node)) };
  }

  /** This node first: what it refuses, nobody else is asked for. Then all others at once; what one of them refuses is told when all have answered. */
  async #askAll(change: KeyChange | undefined, signal: AbortSignal): Promise<Answers> {
    const { self, nodes } = this.#with;
    const keys = new Map([[self.nodeId, await this.here(change)]]);
    const unreachable = new Set<string>();
    const refused: ApiError[] = [];
    const others = nodes().filter((node) => node !== self.nodeId);
    await Promise.all(
      others.map(async (node) => {
        try {
          keys.set(node, await this.#ask(node, change, signal));
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          if (refusals.includes(error.grpc)) refused.push(ofNode(node, error));
          else unreachable.add(node);
        }
      }),
    );
    signal.throwIfAborted();
    if (refused[0] !== undefined) throw refused[0];
    const answered = [self.nodeId, ...others].filter((node) => keys.has(node)).sort();
    return {
      keys: new Map(answered.map((node) => [node, keys.get(node)!])),
      unreachable: others.filter((node) => unreachable.has(node)),
    };
  }

  async #ask(node: string, change: KeyChange | undefined, signal: AbortSignal): Promise<NodeKeys> {
    const { self, addressOf, peers } = this.#with;
    const target = addressOf(node);
    if (target === undefined) throw new ApiError('UNAVAILABLE', `nobody knows where node "${node}" is`);
    const peer = await peers.ofNode(node);
    const channel = new ApiChannel({ target }, peer);
    try {
      const request = { handshake: { ...self, toNodeId: node }, change: change && changeOnTheWire(change) };
      const client = channel.client(membershipV1.MembershipServiceDefinition);
      const { keyIds, sealingKeyId } = await client.keyring(request, { timeoutMs: askMs, signal });
      return { ids: keyIds, sealing: sealingKeyId };
    } finally {
      channel.close();
      peer.close();
    }
  }
}

/** What another node asks of this one's keys. */
export function changeOf({ change }: Pick<membershipV1.KeyringRequest, 'change'>): KeyChange | undefined {
  if (change === undefined) return undefined;
  if (change.$case === 'install') return { kind: 'install', key: change.value };
  requireId(change.value);
  return { kind: change.$case, id: change.value };
}

function changeOnTheWire(change: KeyChange): membershipV1.KeyringRequest['change'] {
  return change.kind === 'install' ? { $case: 'install', value: change.key } : { $case: change.kind, value: change.id };
}

function holdersOf(id: string, keys: Answers['keys']): KeyHolders {
  const nodes = [...keys.keys()];
  return {
    id,
    nodes: nodes.filter((node) => keys.get(node)!.ids.includes(id)),
    sealing: nodes.filter((node) => keys.get(node)!.sealing === id),
  };
}

function ofNode(node: string, { code, message }: ApiError): ApiError {
  return new ApiError(code, `node "${node}" refuses: ${message}`, { metadata: { node } });
}

function named(nodes: readonly string[]): string {
  return nodes.map((node) => `"${node}"`).join(', ');
}

function requireId(id: string): void {
  if (/^[0-9a-f]{16}$/.test(id)) return;
  const message = "expected a key's id, 16 lower-case hexadecimal digits: ListGossipKeys tells them";
  throw new ApiError('INVALID_REQUEST', message, { metadata: { field: 'key_id' } });
}
