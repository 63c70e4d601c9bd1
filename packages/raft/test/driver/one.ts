import { SeededRandom, SimulatedClock } from '@commitlog/simulation';
import {
  type GroupComponents,
  type GroupInit,
  type MemberId,
  MemoryNetwork,
  MemoryStorage,
  memberId,
  type Problem,
  type RaftGroup,
  RaftHost,
  type RaftStorage,
  type RaftTransport,
  type StateMachine,
} from '../../src/index.js';
import { ListMachine, turns } from './rig.js';

export interface OneInit {
  readonly init?: Partial<GroupInit>;
  readonly machine?: StateMachine;
  readonly storage?: RaftStorage;
  readonly transport?: RaftTransport;
  readonly components?: Partial<GroupComponents>;
}

/** A cluster of one, on virtual time: the shortest way to a leader. */
export class One {
  readonly self: MemberId = memberId('a', 'disk');
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly memory: MemoryStorage = new MemoryStorage({ voters: [this.self], learners: [] });
  readonly failures: unknown[] = [];
  readonly problems: Problem[] = [];
  readonly host: RaftHost;
  readonly #given: OneInit;
  group!: RaftGroup;

  constructor(given: OneInit = {}) {
    this.#given = given;
    const transport = given.transport ?? new MemoryNetwork({ clock: this.clock }).transport('a');
    const onProblem = (problem: Problem): void => void this.problems.push(problem);
    this.host = new RaftHost({}, { clock: this.clock, transport, onProblem });
  }

  /** Opens the member and, unless told otherwise, lets it win its election. */
  async open({ isLed = true } = {}): Promise<this> {
    this.host.start();
    this.group = await this.openGroup('g');
    if (isLed) await this.pass(1500);
    return this;
  }

  openGroup(id: string, components: Partial<GroupComponents> = {}): Promise<RaftGroup> {
    const { init, machine = new ListMachine(), storage = this.memory } = this.#given;
    return this.host.open(
      id,
      { self: this.self, electionTimeoutMs: 300, heartbeatMs: 100, ...init },
      {
        storage,
        machine,
        random: new SeededRandom(`one ${id}`),
        onFailed: (error) => void this.failures.push(error),
        ...this.#given.components,
        ...components,
      },
    );
  }

  async pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 10) {
      this.clock.advance(10);
      await turns();
    }
  }
}

/** A promise to be settled from outside. */
export class Gate {
  open!: () => void;
  fail!: (error: Error) => void;
  readonly opened: Promise<void> = new Promise((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });
}

/** What a promise came to once everything that can happen without time has: its value, its error, or 'pending'. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'pending';
  promise.then(
    (value) => {
      outcome = value;
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  await turns(300);
  return outcome;
}
