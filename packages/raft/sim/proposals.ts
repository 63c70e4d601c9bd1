import type { Index, RaftCore, Term } from '../src/index.js';
import type { Record, Sent } from './record.js';

/** What a simulated client is told. */
export type Outcome =
  | { readonly kind: 'committed'; readonly index: Index }
  | { readonly kind: 'not-applied'; readonly reason: string }
  | { readonly kind: 'unknown' };

export interface PendingProposal {
  readonly index: Index;
  readonly term: Term;
  readonly sent: Sent;
  readonly settle: (outcome: Outcome) => void;
}

/** Payloads that have an index in one member's log, and whose clients wait; the record sees what each is told. */
export class PendingProposals {
  #pending: PendingProposal[] = [];
  readonly #record: Record;

  constructor(record: Record) {
    this.#record = record;
  }

  add(proposal: PendingProposal): void {
    this.#pending.push(proposal);
  }

  /** Commit has moved. */
  settle(core: RaftCore): void {
    const settled = this.#pending.filter((each) => each.index <= core.commitIndex);
    if (settled.length === 0) return;
    this.#pending = this.#pending.filter((each) => each.index > core.commitIndex);
    for (const { index, term, sent, settle } of settled) {
      const found = core.termAt(index);
      if (found === term) {
        this.#record.acknowledged(sent, index);
        settle({ kind: 'committed', index });
      } else if (found === undefined || index < core.status.firstIndex) settle({ kind: 'unknown' });
      else {
        this.#record.notApplied(sent);
        settle({ kind: 'not-applied', reason: 'overwritten' });
      }
    }
  }

  /** The process died: nobody will know. */
  end(): void {
    for (const { settle } of this.#pending.splice(0)) settle({ kind: 'unknown' });
  }
}
