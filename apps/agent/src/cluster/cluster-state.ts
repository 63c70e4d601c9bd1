import { z } from 'zod';

const state = z.object({
  version: z.literal(1),
  clusterId: z.string(),
  targetVoters: z.union([z.literal(1), z.literal(3), z.literal(5)]),
  removed: z.array(z.string()),
});

/** What the nodes of a cluster have agreed on beside its log: the metadata of the replicated log. */
export interface ClusterState {
  /** Drawn by the bootstrap. */
  readonly clusterId: string;
  /** How many nodes are to vote, once there are so many. */
  readonly targetVoters: 1 | 3 | 5;
  /** Nodes that stay out until they are added again. */
  readonly removed: ReadonlySet<string>;
}

/** So many removed nodes are remembered at most: a list that has no end would one day not fit. */
export const removedMax = 256;

/**
 * @returns `undefined` where nothing was agreed on yet
 * @throws Error when a later version wrote it
 */
export function decodeClusterState(metadata: string): ClusterState | undefined {
  if (metadata === '') return undefined;
  const parsed = state.safeParse(JSON.parse(metadata));
  if (!parsed.success) {
    const message = `the cluster's state is not one that this version reads: ${metadata.slice(0, 200)}`;
    throw new Error(message, { cause: parsed.error });
  }
  const { clusterId, targetVoters, removed } = parsed.data;
  return { clusterId, targetVoters, removed: new Set(removed) };
}

export function encodeClusterState({ clusterId, targetVoters, removed }: ClusterState): string {
  return JSON.stringify({ version: 1, clusterId, targetVoters, removed: [...removed].sort() });
}
