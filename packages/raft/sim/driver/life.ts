import type { Clock } from '@commitlog/runtime';
import type { Sometimes } from '@commitlog/simulation';
import {
  type Index,
  type MemberId,
  membersOf,
  nodeOf,
  type ProposalOutcome,
  type RaftGroup,
  RaftHost,
} from '../../src/index.js';
import type { SimDisk } from './disk.js';
import type { Ledger } from './ledger.js';
import { SimMachine } from './machine.js';
import { drawMembership } from './membership.js';
import { pick } from './plan.js';
import type { World } from './world.js';

export interface LifeComponents {
  readonly world: World;
  readonly ledger: Ledger;
  readonly sometimes: Sometimes;
  readonly disk: SimDisk;
  /** Everybody there is, members or not. */
  readonly nodes: readonly MemberId[];
}

/** One process of a member, from its start to its crash: the real host and group, on a simulated world. */
export class Life {
  isDead = false;
  failure: unknown = null;
  /** A callback has asked it to stop. */
  isStopping = false;
  /** Calls of this process's own that have not been answered. */
  pending = 0;
  readonly machine: SimMachine;
  readonly host: RaftHost;
  readonly node: string;
  readonly #self: MemberId;
  readonly #with: LifeComponents;
  #group: RaftGroup | null = null;

  constructor(self: MemberId, components: LifeComponents) {
    const { world, ledger, sometimes } = components;
    this.node = nodeOf(self);
    this.#self = self;
    this.#with = components;
    this.machine = new SimMachine(this.node, { world, ledger, life: this });
    const transport = {
      send: (to: string, _lane: string, packet: Parameters<World['send']>[2]): void => {
        if (this.isDead) return;
        const isAsked = packet.some(({ message }) => message.kind === 'fetched-snapshot');
        if (isAsked && !this.isLeader) sometimes.reached('a member that does not lead was asked for its snapshot');
        world.send(this.node, to, packet);
      },
      listen: (receive: Parameters<World['listen']>[1]): void => world.listen(this.node, receive),
    };
    this.host = new RaftHost({}, { clock: this.#clock(), transport });
  }

  get group(): RaftGroup {
    return this.#group!;
  }

  get applied(): Index {
    return this.#group?.appliedIndex ?? 0;
  }

  /** Whether it belongs to no group any more, and knows it: then nothing more will come, and nobody may wait for it. */
  get isRemoved(): boolean {
    const { configuration, commitIndex } = this.group.status;
    const { index } = configuration;
    return index > 0 && index <= commitIndex && !membersOf(configuration.configuration).has(this.#self);
  }

  get isLeader(): boolean {
    return this.group.isLeader;
  }

  async start(trace: ((event: object) => void) | undefined): Promise<void> {
    const { world, disk } = this.#with;
    world.trace('start', { member: this.node });
    let isOpen = false;
    const opening = this.host.open(
      'g',
      { self: this.#self, ...world.plan.settings },
      {
        storage: disk.storage(this),
        machine: this.machine,
        random: world.random.fork(`${this.node} ${world.nowMs}`),
        ...(trace === undefined ? {} : { trace }),
        onRole: (role, term, leader) => {
          world.trace('role', { member: this.node, role, term, leader });
          this.calledBack();
        },
        onFailed: (error) => {
          world.trace('failed', { member: this.node, error: String(error) });
          this.failure = error;
        },
        onProblem: (problem) => {
          if (problem.kind === 'message-dropped' || problem.kind === 'callback-threw') {
            world.violated('no problem of its own making', JSON.stringify(problem));
          }
        },
      },
    );
    void opening.then(
      (group) => {
        this.#group = group;
        isOpen = true;
      },
      (error: unknown) => world.violated('a member starts on what its disk holds', `${this.node}: ${String(error)}`),
    );
    if (!(await world.until(() => isOpen, 10_000))) world.violated('a member starts', `${this.node} does not open`);
    this.host.start();
  }

  /**
   * Proposals of one turn. None overtakes another: once one finds no room, none behind it is taken.
   *
   * @param before done before each, told how many there were
   */
  propose(count = 1, before: (proposed: number) => void = () => {}): void {
    const { world } = this.#with;
    const outcomes = Array.from({ length: count }, (_, at) => {
      before(at);
      return this.#proposeOne();
    });
    void Promise.all(outcomes).then((all) => {
      const firstRefused = all.findIndex(({ kind }) => kind === 'not-applied');
      const isOvertaken =
        firstRefused >= 0 &&
        isOverloaded(all[firstRefused]!) &&
        all.slice(firstRefused).some(({ kind }) => kind === 'committed');
      const indexes = all.flatMap((outcome) => (outcome.kind === 'committed' ? [outcome.index] : []));
      const isInOrder = indexes.every((index, at) => at === 0 || index > indexes[at - 1]!);
      if (isOvertaken || !isInOrder) world.violated('in order', `${this.node} was told ${JSON.stringify(all)}`);
    });
  }

  async #proposeOne(): Promise<ProposalOutcome> {
    const { ledger, world } = this.#with;
    ledger.proposed += 1;
    // Of different sizes: where one finds no room, a smaller one behind it might.
    const name = `p${ledger.proposed}${pick(world.random, ['', '', '', '.'.repeat(60)])}`;
    const { firstIndex } = this.group.status;
    const outcome = await this.#answered(this.group.propose(new TextEncoder().encode(name)));
    ledger.tell(name, outcome);
    if (outcome.kind === 'unknown' && this.#isSureOf(firstIndex)) {
      world.violated('promises', `${name} was told unknown, and ${this.node} goes on: ${outcome.reason}`);
    }
    return outcome;
  }

  /** Whether this member must know what became of a proposal: it goes on, belongs to the group, and its log still reaches there. */
  #isSureOf(firstIndexThen: Index): boolean {
    const { state, status } = this.group;
    const { configuration } = status.configuration;
    const isMember = membersOf(configuration).has(this.#self);
    return state === 'running' && !this.isDead && isMember && status.firstIndex === firstIndexThen;
  }

  /** Asks for other members than there are: one more, one fewer, one in another's place. */
  change(): void {
    const { world, ledger, sometimes, nodes } = this.#with;
    const { configuration, members } = this.group.status;
    const { voters, learners } = configuration.configuration;
    const wanted = drawMembership(world.random, {
      voters,
      learners,
      strangers: nodes.filter((node) => !voters.includes(node) && !learners.includes(node)),
      caughtUp: members.filter(({ isCaughtUp }) => isCaughtUp).map(({ member }) => member),
    });
    if (wanted === null) return;
    world.trace('change', { member: this.node, ...wanted });
    const change = this.group.changeMembers(configuration.index, wanted.voters, wanted.learners);
    void this.#answered(change).then((outcome) => {
      world.trace('changed', { member: this.node, ...outcome });
      if (outcome.kind === 'not-applied') sometimes.reached('a change of members was refused');
      if (outcome.kind !== 'committed') return;
      ledger.changed(outcome.index);
      sometimes.reached(wanted.what);
    });
  }

  /** The driver has called what this process gave it; and that calls the driver, at once. */
  calledBack(): void {
    const { world, sometimes } = this.#with;
    if (this.#group === null || this.isDead || !world.isLossy || !world.random.chance(world.plan.reentryRate)) return;
    sometimes.reached('a callback called its member');
    const calls = [
      () => this.propose(2),
      () => this.propose(),
      // In several batches of one turn.
      () => this.propose(5, (proposed) => void (proposed > 2 && this.change())),
      () => this.read(),
      () => this.snapshot(),
      () => this.change(),
      () => this.transfer(pick(world.random, this.#with.nodes)),
      () => {
        if (!world.random.chance(0.2)) return;
        sometimes.reached('a callback stopped its member');
        this.isStopping = true;
        void this.host.stop();
      },
    ];
    pick(world.random, calls)();
  }

  /** A linearizable read covers whatever was acknowledged to anybody before it began. */
  read(): void {
    const { world, ledger, sometimes } = this.#with;
    const { acknowledged } = ledger;
    void this.#answered(this.group.read()).then(
      (index) => {
        world.trace('read', { member: this.node, index });
        if (!this.isLeader) sometimes.reached('a read was served by a follower');
        if (index < acknowledged)
          world.violated('linearizable reads', `${this.node} read ${index} after ${acknowledged}`);
        if (this.applied < index) world.violated('linearizable reads', `${this.node} read ${index} at ${this.applied}`);
      },
      () => sometimes.reached('a read was refused'),
    );
  }

  snapshot(): void {
    const { sometimes, world } = this.#with;
    const { applied } = this;
    void this.#answered(this.group.snapshot()).then(
      ({ index }) => {
        if (index < applied) world.violated('snapshots hold what was applied', `${this.node}: ${index} of ${applied}`);
      },
      (error: { readonly code?: string }) => {
        if (error.code === 'ERR_RAFT_SUPERSEDED')
          sometimes.reached('a snapshot was given up, since a newer one came in');
      },
    );
  }

  transfer(to: MemberId): void {
    const { world, sometimes } = this.#with;
    const { term } = this.group.status;
    void this.#answered(this.group.transfer(to)).then((isDone) => {
      if (!isDone) return;
      sometimes.reached('leadership was handed over');
      const isLeading = this.isLeader && this.group.status.term === term;
      if (isLeading) world.violated('promises', `${this.node} told that it handed term ${term} over, and leads it`);
    });
  }

  /** The process dies, while it waits for something. */
  async crash(): Promise<void> {
    const { world, disk } = this.#with;
    await world.pass(0);
    world.trace('crash', { member: this.node });
    this.#dead();
    await disk.died();
  }

  /** The process is told to end, and does. */
  async stop(): Promise<void> {
    const { world, disk, sometimes } = this.#with;
    world.trace('stop', { member: this.node });
    if (disk.isWriting) sometimes.reached('a member was stopped in the middle of a write');
    if (this.machine.isChanging) sometimes.reached('a member was stopped in the middle of an apply');
    let isStopped = false;
    void this.host.stop().then(() => {
      isStopped = true;
    });
    if (!(await world.until(() => isStopped, 5000))) world.violated('stop ends', `${this.node} does not stop`);
    if (disk.isWriting || this.machine.isChanging) world.violated('stop ends', `${this.node} is busy after its stop`);
    if (this.pending > 0)
      world.violated('every call is answered', `${this.node} stopped and owes ${this.pending} answers`);
    this.#dead();
    disk.mendSnapshot();
  }

  /** Whether it has ended as a member may: a failed sync is final. */
  get hasFailedRightly(): boolean {
    return this.failure instanceof Error && this.failure.message === 'the sync failed';
  }

  #dead(): void {
    this.isDead = true;
    this.#with.world.listen(this.node, null);
  }

  async #answered<Value>(promise: Promise<Value>): Promise<Value> {
    this.pending += 1;
    try {
      return await promise;
    } finally {
      this.pending -= 1;
    }
  }

  /** The world's, for as long as the process lives. */
  #clock(): Clock {
    const { clock } = this.#with.world;
    return {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after: (delayMs, callback) =>
        clock.after(delayMs, () => {
          if (!this.isDead) callback();
        }),
    };
  }
}

function isOverloaded(outcome: ProposalOutcome): boolean {
  return outcome.kind === 'not-applied' && outcome.reason === 'overloaded';
}
