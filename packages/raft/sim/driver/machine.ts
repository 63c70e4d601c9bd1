import type { Entry, Index, StateMachine } from '../../src/index.js';
import type { Ledger } from './ledger.js';
import type { Mortal, World } from './world.js';

/** The process that a state machine is part of. */
interface Owner extends Mortal {
  /** The machine is being called, and may call back. */
  calledBack(): void;
}

/** A state machine that is slow at times, and whose every change the ledger sees. */
export class SimMachine implements StateMachine {
  /** How many data entries it holds: the state is that much of the history. */
  count = 0;
  isChanging = false;
  #applied: Index = 0;
  readonly #member: string;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #life: Owner;

  constructor(member: string, components: { readonly world: World; readonly ledger: Ledger; readonly life: Owner }) {
    this.#member = member;
    this.#life = components.life;
    this.#world = components.world;
    this.#ledger = components.ledger;
  }

  apply(entries: readonly Entry[]): void | Promise<void> {
    this.#begin();
    this.#life.calledBack();
    const { applyMsMax } = this.#world.plan;
    const finish = (): void => {
      for (const entry of entries) {
        this.#ledger.apply(this.#member, this.count, entry);
        this.count += 1;
        this.#applied = entry.index;
      }
      this.isChanging = false;
    };
    if (applyMsMax === 0 || this.#world.random.chance(0.5)) finish();
    else return this.#world.wait(applyMsMax, this.#life).then(finish);
  }

  snapshot(): Uint8Array | Promise<Uint8Array> {
    if (this.isChanging)
      this.#world.violated('one at a time', `${this.#member} was asked for a snapshot within a change`);
    const names = this.#ledger.history.slice(0, this.count).map(({ name }) => name);
    const data = new TextEncoder().encode(JSON.stringify({ applied: this.#applied, names }));
    const { encodeMsMax } = this.#world.plan;
    return encodeMsMax === 0 ? data : this.#world.wait(encodeMsMax, this.#life).then(() => data);
  }

  async restore(data: Uint8Array): Promise<void> {
    this.#begin();
    await this.#world.wait(this.#world.plan.applyMsMax, this.#life);
    const { applied, names } = JSON.parse(new TextDecoder().decode(data)) as { applied: Index; names: string[] };
    this.#ledger.restored(this.#member, names, applied);
    this.count = names.length;
    this.#applied = applied;
    this.isChanging = false;
  }

  #begin(): void {
    if (this.isChanging) this.#world.violated('one at a time', `two changes of ${this.#member}'s machine overlap`);
    this.isChanging = true;
  }
}
