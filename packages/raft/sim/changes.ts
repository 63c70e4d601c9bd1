import { isDeepStrictEqual } from 'node:util';
import {
  type Configuration,
  decodeConfiguration,
  type Effect,
  type Entry,
  type Index,
  type PlacedConfiguration,
} from '../src/index.js';
import { quorumsMeet } from './quorums.js';
import { check } from './violation.js';
import type { Witnessed } from './witnessed.js';

/** Invariant 10: the changes of members, as they are appended, committed, and carried by snapshots. */
export class Changes {
  /** Every configuration that was committed, in the order of the log. */
  readonly #committed: PlacedConfiguration[] = [];

  committed({ index, data }: Entry): void {
    this.#committed.push({ index, configuration: decodeConfiguration(data) });
  }

  /** @param isCommitted whether this entry of this term is in the record of what was committed */
  appended(
    node: Witnessed,
    { index, configuration }: { readonly index: Index; readonly configuration: Configuration },
    isCommitted: (index: Index, term: number) => boolean,
  ): void {
    const core = node.core!;
    const before = core.configurationAt(index - 1);
    if (before.index === 0 || index <= core.status.firstIndex) return;
    const beforeTerm = core.termAt(before.index);
    const isDecided = beforeTerm === undefined || isCommitted(before.index, beforeTerm);
    check(
      '10 one change at a time',
      isDecided,
      `${node.member} holds the changes ${before.index} and ${index}, uncommitted`,
    );
    const isMeeting = quorumsMeet(before.configuration, configuration);
    check(
      '10 quorums intersect',
      isMeeting,
      `${node.member}: configurations ${before.index} and ${index} need not meet`,
    );
  }

  /** Until an entry of its own term is committed, a leader may not know of a change that was committed elsewhere. */
  proposed(node: Witnessed, effects: readonly Effect[]): void {
    const core = node.core!;
    if (!effects.some((effect) => effect.kind === 'appended')) return;
    const isReady = core.termAt(core.commitIndex) === core.term;
    check(
      '10 one change at a time',
      isReady,
      `${node.member} changes members before it committed in term ${core.term}`,
    );
  }

  /** What a member takes for the configuration at a committed index, in its log or with a snapshot, is what was committed there. */
  placed(node: Witnessed, at: Index, { index, configuration }: PlacedConfiguration): void {
    const known = this.#committed.findLast((each) => each.index <= at);
    if (known === undefined) return;
    const isSame = known.index === index && isDeepStrictEqual(known.configuration, configuration);
    check(
      '10 committed configurations',
      isSame,
      `${node.member} takes ${index} for the configuration at ${at}, which is that of ${known.index}`,
    );
  }
}
