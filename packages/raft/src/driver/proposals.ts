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

/** What those are told whose proposals never reached the core. */
export const notTaken: ProposalOutcome = { kind: 'not-applied', reason: 'stopped', leader: null };

interface Placed {
  readonly index: Index;
  readonly term: Term;
  readonly settle: Settle;
}

/** Proposals that have an index, in the order of these, and whose callers wait to hear what becomes of them. */
export class Proposals {
  #placed: Placed[] = [];
  /** The highest term in which something was seen to commit. */
  #committedTerm: Term = 0;
  #endedBy: string | null = null;
  readonly #core: RaftCore;

  constructor(core: RaftCore) {
    this.#core = core;
  }

  /**
   * Notes where the proposals of one step went, or tells their callers that they went nowhere.
   *
   * @param effects what the step came to; null where it never ran
   */
  place(settles: readonly Settle[], effects: readonly Effect[] | null): void {
    if (effects === null) {
      for (const settle of settles) settle(notTaken);
      return;
    }
    for (const effect of effects) {
      if (effect.kind === 'appended') {
        this.#add(settles, effect.first, effect.term);
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
   * Commit has moved. Where it has reached an index, that holds the proposal, or, for good, something else. And once an entry of a
   * higher term is committed, so is nothing of a lower term above it, on any member, ever: terms do not decrease along a log
   * that holds this entry, and every leader's does. Nothing is decided earlier, from a role or a cut: what was cut here may
   * still be committed by another leader.
   */
  settle(): void {
    this.#settleDecided();
    if (this.#placed.length === 0 || !this.#core.isRemoved) return;
    // The last commit that a member hears of is the one that removes it.
    for (const { settle } of this.#placed.splice(0)) settle({ kind: 'unknown', reason: 'this member was removed' });
  }

  #settleDecided(): void {
    if (this.#placed.length === 0) return;
    const { commitIndex } = this.#core;
    let settled = 0;
    while (settled < this.#placed.length && this.#placed[settled]!.index <= commitIndex) settled += 1;
    if (settled > 0) for (const placed of this.#placed.splice(0, settled)) this.#settleAt(placed);
    const committedTerm = this.#core.termAt(commitIndex) ?? 0;
    if (committedTerm <= this.#committedTerm) return;
    this.#committedTerm = committedTerm;
    const isOver = ({ term }: Placed): boolean => term < committedTerm;
    if (!this.#placed.some(isOver)) return;
    const over = this.#placed.filter(isOver);
    this.#placed = this.#placed.filter((placed) => !isOver(placed));
    for (const { settle } of over) settle(this.#overwritten);
  }

  /** Nothing more will be heard. */
  end(reason: string): void {
    this.#endedBy = reason;
    for (const { settle } of this.#placed.splice(0)) settle({ kind: 'unknown', reason });
  }

  #add(settles: readonly Settle[], first: Index, term: Term): void {
    // The member failed while it carried out the very step that placed these.
    if (this.#endedBy !== null) {
      for (const settle of settles) settle({ kind: 'unknown', reason: this.#endedBy });
      return;
    }
    // Led, deposed, cut, leading again: earlier proposals may wait at the same indexes and above.
    const isOutOfOrder = (this.#placed.at(-1)?.index ?? 0) >= first;
    for (let at = 0; at < settles.length; at++) this.#placed.push({ index: first + at, term, settle: settles[at]! });
    if (isOutOfOrder) this.#placed.sort((one, other) => one.index - other.index);
    this.settle();
  }

  #settleAt({ index, term, settle }: Placed): void {
    const found = this.#core.termAt(index);
    if (found === term) settle({ kind: 'committed', index, term });
    else if (found === undefined) settle({ kind: 'unknown', reason: 'a snapshot took the place of these entries' });
    else settle(this.#overwritten);
  }

  get #overwritten(): ProposalOutcome {
    return { kind: 'not-applied', reason: 'overwritten', leader: this.#core.leader };
  }
}
