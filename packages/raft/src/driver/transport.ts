import type { Message } from '../core/index.js';

/** A message, and the group whose members exchange it. */
export interface Envelope {
  readonly group: string;
  readonly message: Message;
}

/** Votes, heartbeats and answers travel apart from entries and snapshots, so that data never delays a heartbeat. */
export type Lane = 'control' | 'bulk';

/** Carries packets between nodes. May lose, double, delay and reorder them; must not change or invent any. */
export interface RaftTransport {
  /**
   * Sends and forgets. Returns before any receiver runs, never throws, and bounds what it queues for a node that does
   * not take it by dropping: Raft sends again.
   */
  send(node: string, lane: Lane, packet: readonly Envelope[]): void;

  /** Where packets for this node go; null: nowhere. */
  listen(receive: ((packet: readonly Envelope[]) => void) | null): void;
}
