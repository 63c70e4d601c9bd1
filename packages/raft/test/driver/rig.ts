import { SeededRandom, SimulatedClock } from '@commitlog/simulation';
import {
  type Entry,
  type EntryFormat,
  type GroupInit,
  type MemberId,
  MemoryNetwork,
  MemoryStorage,
  memberId,
  type RaftGroup,
  RaftHost,
  type StateMachine,
} from '../../src/index.js';

/** Lets everything that waits on promises alone go as far as it can. */
export async function turns(count = 100): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

/** A list of texts, the simplest machine that shows order and repetition. */
export class ListMachine implements StateMachine {
  texts: string[] = [];
  restores = 0;

  apply(entries: readonly Entry[]): void {
    for (const { data } of entries) this.texts.push(new TextDecoder().decode(data));
  }

  snapshot(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(this.texts));
  }

  restore(data: Uint8Array): void {
    this.restores += 1;
    this.texts = JSON.parse(new TextDecoder().decode(data)) as string[];
  }
}

/** Three driven members in one process, on virtual time. */
export class DriverRig {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly network: MemoryNetwork = new MemoryNetwork({ clock: this.clock });
  readonly members: MemberId[] = ['a', 'b', 'c'].map((node) => memberId(node, 'disk'));
  readonly storages: MemoryStorage[] = this.members.map(
    () => new MemoryStorage({ voters: this.members, learners: [] }),
  );
  machines: ListMachine[] = [];
  hosts: RaftHost[] = [];
  groups: RaftGroup[] = [];
  readonly failures: unknown[] = [];
  readonly #init: Partial<GroupInit>;
  readonly #components: { readonly format?: EntryFormat };

  constructor(init: Partial<GroupInit> = {}, components: { readonly format?: EntryFormat } = {}) {
    this.#init = init;
    this.#components = components;
  }

  async open(): Promise<this> {
    this.hosts = ['a', 'b', 'c'].map(
      (node) => new RaftHost({}, { clock: this.clock, transport: this.network.transport(node) }),
    );
    this.machines = this.members.map(() => new ListMachine());
    this.groups = await Promise.all(this.hosts.map((host, at) => this.openGroup(host, at)));
    for (const host of this.hosts) host.start();
    return this;
  }

  openGroup(host: RaftHost, at: number, id = 'g'): Promise<RaftGroup> {
    return host.open(
      id,
      { self: this.members[at]!, electionTimeoutMs: 300, heartbeatMs: 100, ...this.#init },
      {
        ...this.#components,
        storage: id === 'g' ? this.storages[at]! : new MemoryStorage({ voters: this.members, learners: [] }),
        machine: id === 'g' ? this.machines[at]! : new ListMachine(),
        random: new SeededRandom(`driver ${id} ${at}`),
        onFailed: (error) => void this.failures.push(error),
      },
    );
  }

  /** Time goes by, in small steps, and everything settles after each. */
  async pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 10) {
      this.clock.advance(10);
      await turns();
    }
  }

  async until(what: string, isDone: () => boolean): Promise<void> {
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 10) {
      if (isDone()) return;
      await this.pass(10);
    }
    throw new Error(`${what}: not within 20 virtual seconds`);
  }

  async leader(): Promise<RaftGroup> {
    await this.until('a leader', () => this.groups.some((group) => group.isLeader && group.status.commitIndex > 1));
    return this.groups.find((group) => group.isLeader)!;
  }

  async stop(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
  }
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
