import type { Configuration } from './configuration.js';
import type { Index, Term } from './entry.js';

/** What a snapshot stands for: everything up to `index`, and the members as of there (§7). */
export interface SnapshotMeta {
  /** Names these bytes: two members may write the same state differently, and chunks of the two must not be mixed. */
  readonly id: string;
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
}
