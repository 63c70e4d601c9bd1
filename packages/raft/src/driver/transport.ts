import type { Message } from '../core/index.js';

/** A message, and the group whose members exchange it. */
export interface Envelope {
  readonly group: string;
  readonly message: Message;
}

/** Votes, heartbeats and answers travel apart from entries and snapshots, so that data never delays a heartbeat. */
export type Lane = 'control' | 'bulk';

/**
 * Carries packets between nodes. May lose, double, delay and reorder them; must not change or invent any. `@commitlog/raft/conformance`
 * has the suite that an implementation must pass.
 */
export interface RaftTransport {
  /**
   * Sends and forgets. Returns before any receiver runs, never throws, and bounds what it queues for a node that does
   * not take it by dropping: Raft sends again.
   *
   * @param packet at most the host's `packetBytesMax` of data, or one message that alone is more: `appendBytesMax`, `snapshotChunkBytes`
   *   or one entry, whichever is the most, and what the encoding adds. Neither it nor the buffers in it ever change
   */
  send(node: string, lane: Lane, packet: readonly Envelope[]): void;

  /**
   * Where packets for this node go; null: nowhere. What a peer sent is checked by the host message by message: a transport only has to
   * know that the sender is the node it says it is.
   */
  listen(receive: ((packet: readonly Envelope[]) => void) | null): void;
}
