/** A change of one source file: `find` must occur in it exactly once. */
export interface Patch {
  /** Its path below the folder of sources. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A planted bug: a trap that somebody fell into, or a rule taken away. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it, and where it happened where it did. */
  readonly trap: string;
  readonly patches: readonly Patch[];
}
