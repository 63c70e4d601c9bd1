import { createHash } from 'node:crypto';
import { memberId } from '@commitlog/raft';
import { type InjectedFailure, Sometimes } from '@commitlog/simulation';
import type { SeedResult, Traced } from '@commitlog/simulation/swarm';
import { ask, type CallerComponents } from './caller.js';
import { ConditionalAppender } from './conditional.js';
import { History } from './history.js';
import { Member, storageIdOf } from './member.js';
import { Operator } from './operator.js';
import { drawPlan, pick } from './plan.js';
import { Producer } from './producer.js';
import { LogReader } from './reader.js';
import { states } from './states.js';
import { Violation, World } from './world.js';

export interface RunResult extends SeedResult {
  /** Batches that were acknowledged. */
  readonly acknowledged: number;
}

export interface RunComponents extends Traced {
  /** Resolves when everything that waits on promises alone has gone as far as it can. */
  readonly drain: () => Promise<void>;
  /** Is given whom to tell of rejections that nobody handles. */
  readonly onUnhandled?: (tell: (error: unknown) => void) => void;
}

/** Fewer acknowledged batches than this show nothing. */
const acknowledgedMin = 10;

/** One run of a cluster of replicated logs: everything that happens in it is drawn from `seed`. */
export async function runSeed(seed: string, { drain, onTrace, onUnhandled }: RunComponents): Promise<RunResult> {
  const hash = onTrace === undefined ? null : createHash('sha256');
  const trace = (event: object): void => {
    if (hash === null) return;
    const line = `${JSON.stringify(event)}\n`;
    hash.update(line);
    onTrace?.(line);
  };
  const world = new World(seed, drawPlan(seed), { drain, trace });
  onUnhandled?.((error) => world.violated('no exception', String((error as Error).stack)));
  world.trace('plan', { ...world.plan });
  const cluster = new Cluster(world);
  let violation: RunResult['violation'] = null;
  try {
    await cluster.run();
  } catch (error) {
    const invariant = error instanceof Violation ? error.invariant : 'no exception';
    const what = error instanceof Violation ? error.message : String((error as Error).stack);
    violation = { invariant, what: `${invariant}: ${what}`, atMs: world.nowMs };
  }
  const { acknowledgedCount: acknowledged } = cluster.history;
  return {
    seed,
    violation,
    vacuous: acknowledged < acknowledgedMin ? `only ${acknowledged} batches were acknowledged` : null,
    acknowledged,
    simulatedMs: world.nowMs,
    sometimes: cluster.sometimes.counts(),
    traceHash: hash?.digest('hex') ?? null,
  };
}

/** The members, who calls them, and what goes wrong. */
class Cluster {
  readonly sometimes: Sometimes = new Sometimes(states);
  readonly history: History;
  readonly #world: World;
  readonly #members: readonly Member[];
  readonly #callers: readonly { readonly isDone: boolean; run(): Promise<void> }[];
  readonly #operator: Operator;
  /** Whose disk decays: one at most, so that there is somebody to mend it from. */
  readonly #decaying: Member;
  /** How many damaged batches the members that run have come across while nobody read them. */
  #foundByScrubs = 0;
  readonly #syncFailures: { readonly member: Member; readonly failure: InjectedFailure }[] = [];

  constructor(world: World) {
    const { sometimes } = this;
    const { plan, random } = world;
    this.#world = world;
    this.history = new History(world);
    const nodes = ['a', 'b', 'c', 'd', 'e'].slice(0, plan.members);
    const founders = nodes.map((node) => memberId(node, storageIdOf(0)));
    this.#members = nodes.map((node) => new Member(node, { world, sometimes, founders }));
    this.#decaying = pick(random, this.#members);
    this.#operator = new Operator(world, sometimes, this.#members);
    const components: CallerComponents = { world, history: this.history, sometimes, members: this.#members };
    this.#callers = [
      ...Array.from({ length: plan.producers }, (_, at) => new Producer(`p${at}`, components)),
      ...Array.from({ length: plan.readers }, () => new LogReader(components)),
      new ConditionalAppender('c', components),
      this.#operator,
    ];
  }

  async run(): Promise<void> {
    const world = this.#world;
    for (const member of this.#members) await this.#start(member);
    for (const caller of this.#callers) {
      caller.run().catch((error: unknown) => world.violated('no exception', String((error as Error).stack)));
    }
    for (let round = 0; round < world.plan.rounds; round += 1) {
      // Now and then there is peace for long enough to elect somebody: a cluster that commits nothing shows nothing.
      if (round % 100 < 70) await this.#break();
      else this.#heal();
      if (world.random.chance(0.04)) this.#transfer();
      await world.pass(pick(world.random, [10, 40, 100]));
      await this.#restartFailed();
      this.#watchStarts();
      this.#watchScrubs();
    }
    await this.#healAndConverge();
    await this.#awaitScrub();
    await this.#readEverything();
    for (const member of this.#members) await member.stop();
  }

  /** To anybody: one who cannot lead, or does not answer, keeps the leader from taking batches until it gives up. */
  #transfer(): void {
    const { random } = this.#world;
    const leader = this.#members.find((member) => member.isLeader);
    if (leader === undefined) return;
    const { id } = pick(random, this.#members);
    this.#world.trace('transfer', { from: leader.node, to: id });
    const transferred = ask(leader, this.#world, (log) => log.member.transfer(id));
    void transferred.then((isDone) => {
      if (isDone === true && id !== leader.id) this.sometimes.reached('leadership was handed over');
    });
  }

  /** What goes wrong in one round. */
  async #break(): Promise<void> {
    const world = this.#world;
    const { random, plan } = world;
    const happens = (probability: number): boolean => random.chance(probability * plan.faultRate);
    const member = pick(random, this.#members);
    if (happens(0.03)) this.#cut(member);
    if (random.chance(0.08)) world.healLinks();
    if (happens(0.02)) await this.#downAndUp(member, () => member.cutPower());
    if (happens(0.02)) await this.#downAndUp(member, () => member.kill());
    if (happens(0.01)) await this.#downAndUp(member, () => member.stop());
    if (happens(0.01)) this.#failSync(member);
    if (happens(0.015)) this.#fill(member);
    if (random.chance(0.05)) this.#empty();
    if (plan.decay === 'bits' && happens(0.03)) this.#decaying.flipBit();
    const mayWipe = plan.decay === 'wipes' && this.#operator.wiped === undefined;
    if (mayWipe && happens(0.02)) await this.#downAndUp(member, () => this.#wipe(member));
  }

  /** From the others, or to them, or both. */
  #cut({ node }: Member): void {
    const { random } = this.#world;
    const direction = pick(random, ['from', 'to', 'both']);
    for (const { node: other } of this.#members) {
      if (direction !== 'to') this.#world.cut(node, other);
      if (direction !== 'from') this.#world.cut(other, node);
    }
    this.#world.trace('cut', { node, direction });
  }

  async #downAndUp(member: Member, down: () => Promise<void>): Promise<void> {
    await down();
    if (this.#world.random.chance(0.5)) await this.#world.pass(this.#world.random.below(800));
    await this.#start(member);
  }

  /** A disk may be too full even for what a start writes: somebody makes room then. One that is ruined is given up, and replaced. */
  async #start(member: Member): Promise<void> {
    const before = await member.start();
    if (before === 'started') return;
    if (before === 'full') this.#empty();
    else if (member === this.#decaying && this.#world.plan.decay === 'bits') await this.#wipe(member);
    const after = await member.start();
    if (after !== 'started') this.#world.violated('a member starts', `${member.node} was ${before}, then ${after}`);
  }

  async #wipe(member: Member): Promise<void> {
    await member.wipe();
    this.#operator.wiped = member;
  }

  #failSync(member: Member): void {
    this.#world.trace('sync fails', { node: member.node });
    this.#syncFailures.push({ member, failure: member.disk.inject({ method: 'sync', code: 'EIO' }) });
  }

  #fill(member: Member): void {
    this.#world.trace('disk full', { node: member.node });
    this.sometimes.reached('a disk was full');
    member.disk.capacityBytes = member.disk.usedBytes + this.#world.random.below(2000);
  }

  #empty(): void {
    for (const { disk } of this.#members) disk.capacityBytes = Number.POSITIVE_INFINITY;
  }

  /** A member whose disk cannot be trusted any more has ended, as it must; its process is started anew. */
  async #restartFailed(): Promise<void> {
    for (const member of this.#members) {
      const { failure } = member;
      if (failure === undefined) continue;
      if (!this.#syncFailures.some((each) => each.member === member && each.failure.failedCount > 0)) {
        this.#world.violated('members go on', `${member.node} failed: ${String((failure as Error).stack)}`);
      }
      this.sometimes.reached('a failed sync ended a member');
      await member.kill();
      await this.#start(member);
    }
  }

  /** A log's start never moves back, whoever is asked. */
  #watchStarts(): void {
    for (const { log } of this.#members) {
      if (log === undefined || log.firstOffset <= this.history.trimmedTo) continue;
      this.history.trimmedTo = log.firstOffset;
      this.sometimes.reached('the log was trimmed');
    }
  }

  #watchScrubs(): void {
    const found = this.#members.reduce((sum, { log }) => sum + (log?.scrubbed.damagedBatches ?? 0), 0);
    if (found > this.#foundByScrubs) this.sometimes.reached('a scrub met damage');
    this.#foundByScrubs = found;
  }

  #heal(): void {
    this.#world.healLinks();
    this.#empty();
    for (const { failure } of this.#syncFailures) failure.cancel();
  }

  /** Nothing goes wrong any more: then everybody is answered, and all come to the same. */
  async #healAndConverge(): Promise<void> {
    const world = this.#world;
    this.#heal();
    world.isHealed = true;
    world.trace('healed', {});
    for (const member of this.#members) {
      if (member.log === undefined) await this.#start(member);
    }
    await this.#restartFailed();
    if (!(await this.#until(() => this.#callers.every(({ isDone }) => isDone), 60_000))) {
      const waiting = this.#callers.filter(({ isDone }) => !isDone).map((caller) => caller.constructor.name);
      throw new Violation('every call is answered', `${waiting.join(', ')} still wait: ${this.#describe()}`);
    }
    const isEqual = (): boolean => {
      const { status } = this.#members.find((member) => member.isLeader)?.log?.member ?? {};
      return this.#members.every(({ log }) => log !== undefined && log.member.appliedIndex === status?.lastIndex);
    };
    if (!(await this.#until(isEqual, 30_000)))
      throw new Violation('liveness', `members stay apart: ${this.#describe()}`);
  }

  /** A sync that failed before may come out only now, with the next write. */
  async #until(isDone: () => boolean, withinMs: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < withinMs && !isDone(); waitedMs += 100) {
      await this.#world.pass(100);
      await this.#restartFailed();
    }
    return isDone();
  }

  /** Nobody reads any more: what has decayed is found all the same, and mended. */
  async #awaitScrub(): Promise<void> {
    const world = this.#world;
    if (world.plan.scrubBytesPerSecond === 0) return;
    const unreadable = async () => (await Promise.all(this.#members.map((member) => member.unreadable()))).flat();
    for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 500) {
      if ((await unreadable()).length === 0) return;
      await world.pass(500);
      this.#watchScrubs();
    }
    throw new Violation('unread damage is mended', (await unreadable()).join('; '));
  }

  /** On every member, batch by batch; what is damaged is asked for again until it is mended. */
  async #readEverything(): Promise<void> {
    const world = this.#world;
    let done = 0;
    for (const { node, log } of this.#members) {
      const read = async (): Promise<void> => {
        for (let isWhole = false; !isWhole; ) {
          try {
            for await (const { bytes } of log!.read({ from: 'start' })) this.history.read(node, bytes);
            isWhole = true;
          } catch (error) {
            if ((error as { code?: string }).code !== 'damaged') throw error;
            await world.wait(200);
          }
        }
        this.history.trimmedTo = Math.max(this.history.trimmedTo, log!.firstOffset);
        done += 1;
      };
      read().catch((error: unknown) => world.violated('all can be read', `${node}: ${String((error as Error).stack)}`));
    }
    if (!(await world.until(() => done === this.#members.length, 30_000))) {
      throw new Violation('holes are mended', `some cannot be read: ${this.#describe()}`);
    }
    this.history.requireAll();
    if (world.plan.retainedBytes === 0) {
      this.history.requireOrder();
      this.history.requireEnds();
    }
    await world.pass(0);
  }

  #describe(): string {
    const each = this.#members.map(({ id, log }) => ({ id, ...log?.member.status }));
    return JSON.stringify(each);
  }
}
