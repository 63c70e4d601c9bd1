import type { Effect, EntryFormat, Input } from '../core/index.js';
import { notTaken, type ProposalOutcome, type Proposals, type Settle } from './proposals.js';
import type { Steps } from './steps.js';

interface Proposal {
  readonly data: Uint8Array;
  readonly settle: Settle;
}

/** The proposals of one turn: they become one step of the core, so they travel and are written together. */
export class Batch {
  #waiting: Proposal[] = [];
  /** A proposal of this turn found no room: none behind it is taken, though it came after a change of members. */
  #refusal: readonly Effect[] | null = null;
  readonly #steps: Steps;
  readonly #placed: Proposals;
  readonly #format: EntryFormat | undefined;

  constructor(steps: Steps, placed: Proposals, format: EntryFormat | undefined) {
    this.#steps = steps;
    this.#placed = placed;
    this.#format = format;
  }

  add(data: Uint8Array): Promise<ProposalOutcome> {
    return new Promise((settle) => {
      // What it throws, the promise rejects with.
      this.#format?.admit?.(data);
      this.#waiting.push({ data, settle });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#endTurn());
    });
  }

  /** Proposes what has gathered. */
  propose(): void {
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) return;
    const ask = (): Input | null => {
      if (this.#refusal === null) return { kind: 'propose', data: waiting.map((proposal) => proposal.data) };
      this.#place(waiting, this.#refusal);
      return null;
    };
    this.#steps.runAsked(ask, (effects) => {
      if (waiting.length > 1 && isOverloaded(effects)) this.#proposeOneByOne(waiting, 0);
      else this.#place(waiting, effects);
    });
  }

  #endTurn(): void {
    this.propose();
    this.#refusal = null;
  }

  /** Nothing more is taken. */
  end(): void {
    for (const { settle } of this.#waiting.splice(0)) settle(notTaken);
  }

  /** Together they are too much: as many as fit are taken. From the first that does not, none is, so that none overtakes another. */
  #proposeOneByOne(waiting: readonly Proposal[], at: number): void {
    const proposal = waiting[at];
    if (proposal === undefined) return;
    // Ahead of what was asked for meanwhile, by callbacks: that is not to overtake what was proposed before.
    this.#steps.runNext({ kind: 'propose', data: [proposal.data] }, (effects) => {
      if (isOverloaded(effects)) {
        this.#place(waiting.slice(at), effects);
        return;
      }
      this.#place([proposal], effects);
      this.#proposeOneByOne(waiting, at + 1);
    });
  }

  #place(proposals: readonly Proposal[], effects: readonly Effect[] | null): void {
    if (isOverloaded(effects)) this.#refusal = effects;
    const settles = proposals.map((proposal) => proposal.settle);
    this.#placed.place(settles, effects);
  }
}

function isOverloaded(effects: readonly Effect[] | null): boolean {
  return effects?.some((effect) => effect.kind === 'refused' && effect.reason === 'overloaded') ?? false;
}
