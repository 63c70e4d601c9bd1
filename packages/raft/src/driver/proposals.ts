import type { Effect, Index, MemberId, RaftCore, RefusalReason, Term } from '../core/index.js';

/** What became of a proposal: exactly one of these, exactly once. */
export type ProposalOutcome =
  /** It is at this index, for ever, on every member. */
  | { readonly kind: 'committed'; readonly index: Index; readonly term: Term }
  /** It is nowhere, and never will be. It may be proposed again. */
  | {
      readonly kind: 'not-applied';
      readonly reason: RefusalReason | 'overwritten' | 'stopped';
      readonly leader: MemberId | null;
    }
  /** It may be applied, or not: this member stopped, or got a snapshot instead of the entries. */
  | { readonly kind: 'unknown'; readonly reason: string };

export type Settle = (outcome: ProposalOutcome) => void;

interface Placed {
  readonly index: Index;
  readonly term: Term;
  readonly settle: Settle;
}

/** Proposals that have an index, in the order of these, and whose callers wait to hear what becomes of them. */
export class Proposals {
  #placed: Placed[] = [];
  readonly #core: RaftCore;

  constructor(core: RaftCore) {
    this.#core = core;
  }

  /** Notes where the proposals of one step went, or tells their callers that they went nowhere. */
  place(settles: readonly Settle[], effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'appended') {
        const { first, term } = effect;
        // Led, deposed, cut, leading again: earlier proposals may wait at the same indexes and above.
        const isOutOfOrder = (this.#placed.at(-1)?.index ?? 0) >= first;
        for (let at = 0; at < settles.length; at++)
          this.#placed.push({ index: first + at, term, settle: settles[at]! });
        if (isOutOfOrder) this.#placed.sort((one, other) => one.index - other.index);
        this.settle();
        return;
      }
      if (effect.kind === 'refused') {
        for (const settle of settles) settle({ kind: 'not-applied', reason: effect.reason, leader: effect.leader });
        return;
      }
    }
    for (const settle of settles) settle({ kind: 'unknown', reason: 'this member failed while it proposed' });
  }

  /**
   * Commit has reached some of these indexes: each holds the proposal, or, for good, something else. Never decided earlier, from a
   * term or a role: an entry that was cut here may still be committed by another leader.
   */
  settle(): void {
    const { commitIndex } = this.#core;
    let settled = 0;
    while (settled < this.#placed.length && this.#placed[settled]!.index <= commitIndex) settled += 1;
    if (settled === 0) return;
    for (const { index, term, settle } of this.#placed.splice(0, settled)) {
      const found = this.#core.termAt(index);
      if (found === term) settle({ kind: 'committed', index, term });
      else if (found === undefined) settle({ kind: 'unknown', reason: 'a snapshot took the place of these entries' });
      else settle({ kind: 'not-applied', reason: 'overwritten', leader: this.#core.leader });
    }
  }

  /** Nothing more will be heard. */
  end(reason: string): void {
    for (const { settle } of this.#placed.splice(0)) settle({ kind: 'unknown', reason });
  }
}
