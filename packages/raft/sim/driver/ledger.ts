import type { Sometimes } from '@commitlog/simulation';
import type { Entry, Index, ProposalOutcome } from '../../src/index.js';
import type { World } from './world.js';

const changeOfMembers = 'a change of members';

interface Applied {
  readonly index: Index;
  readonly name: string;
}

/** What every state machine was given and every caller was told, held against each other as it happens. */
export class Ledger {
  /** The one history, in the order of the log: whoever comes first writes it, everybody else must repeat it. */
  readonly history: Applied[] = [];
  readonly #names: Map<string, Index> = new Map();
  readonly #promised: Map<Index, string> = new Map();
  readonly #denied: Set<string> = new Set();
  readonly #world: World;
  readonly #sometimes: Sometimes;
  /** The highest index of which a caller was told that it is committed. */
  acknowledged: Index = 0;
  told = 0;
  proposed = 0;

  constructor(world: World, sometimes: Sometimes) {
    this.#world = world;
    this.#sometimes = sometimes;
  }

  /** @param position how many data entries this machine has applied before */
  apply(member: string, position: number, { index, data }: Entry): void {
    const name = new TextDecoder().decode(data);
    const known = this.history[position];
    this.#world.trace('apply', { member, index, name });
    if (known === undefined) this.#first({ index, name });
    else if (known.index !== index || known.name !== name) {
      const [ours, theirs] = [`${name} at ${index}`, `${known.name} at ${known.index}`];
      this.#world.violated('one history', `${member} applied ${ours} where another had ${theirs}`);
    }
  }

  /** A change of members was told to be committed: no state machine is ever given that index. */
  changed(index: Index): void {
    this.#promised.set(index, changeOfMembers);
    const found = this.history.find((each) => each.index === index);
    if (found !== undefined)
      this.#world.violated('promises', `a change of members was told ${index}, where ${found.name} was applied`);
  }

  /** A snapshot was restored: it must be the history up to its index. */
  restored(member: string, names: readonly string[], applied: Index): void {
    this.#world.trace('restore', { member, applied });
    const isEqual = names.every((name, position) => this.history[position]?.name === name);
    const next = this.history[names.length];
    if (!isEqual || (next !== undefined && next.index <= applied)) {
      this.#world.violated('one history', `${member} restored a state of ${applied} that never was`);
    }
  }

  tell(name: string, outcome: ProposalOutcome): void {
    this.told += 1;
    this.#world.trace('told', { name, ...outcome });
    const index = this.#names.get(name);
    if (outcome.kind === 'committed') {
      this.acknowledged = Math.max(this.acknowledged, outcome.index);
      this.#promised.set(outcome.index, name);
      const found = this.history.find((each) => each.index === outcome.index);
      if (found !== undefined && found.name !== name) {
        this.#world.violated('promises', `${name} was told ${outcome.index}, where ${found.name} was applied`);
      }
    } else if (outcome.kind === 'unknown') {
      this.#sometimes.reached('what became of a proposal was unknown to its caller');
    } else {
      this.#denied.add(name);
      if (index !== undefined)
        this.#world.violated('promises', `${name} was told not-applied, and was applied at ${index}`);
      const isOverwritten = outcome.reason === 'overwritten';
      this.#sometimes.reached(
        isOverwritten ? 'a proposal was overwritten and its caller told so' : 'a proposal was refused',
      );
    }
  }

  /** After all is healed: whatever was promised is there. */
  checkPromises(): void {
    for (const [index, name] of this.#promised) {
      if (name !== changeOfMembers && this.#names.get(name) !== index)
        this.#world.violated('nothing is lost', `${name} was acknowledged at ${index}, and is not there`);
    }
  }

  #first({ index, name }: Applied): void {
    const last = this.history.at(-1)?.index ?? 0;
    const promised = this.#promised.get(index);
    if (index <= last)
      this.#world.violated('one history', `${name} at ${index} was left out by those who applied ${last}`);
    if (this.#names.has(name))
      this.#world.violated('once', `${name} was applied at ${this.#names.get(name)} and ${index}`);
    if (this.#denied.has(name))
      this.#world.violated('promises', `${name} was told not-applied, and is applied at ${index}`);
    if (promised !== undefined && promised !== name) {
      this.#world.violated('promises', `${promised} was told ${index}, where ${name} is applied`);
    }
    this.history.push({ index, name });
    this.#names.set(name, index);
  }
}
