import { LogError, verifyLog } from '@commitlog/log';
import { type MemberId, memberId, RaftError, RaftHost, type Role } from '@commitlog/raft';
import type { Clock } from '@commitlog/runtime';
import { type Fault, faults, SimulatedDisk, type Sometimes } from '@commitlog/simulation';
import { ReplicatedLog } from '../src/index.js';
import { pick } from './plan.js';
import type { Mortal, World } from './world.js';

const dir = '/member';
const retentionCheckMs = 700;
const scrubEveryMs = 1500;

/** The storage id of a node's first, second, third… disk. */
export function storageIdOf(disk: number): string {
  return String(disk).padStart(32, '0');
}

/** One process of a node: a replicated log, and what its death takes along. */
class Life implements Mortal {
  isDead = false;
  failure: unknown;
  log: ReplicatedLog | undefined;
  readonly host: RaftHost;
  readonly ended: Promise<'ended'>;
  #end = (): void => {};

  constructor(node: string, world: World) {
    this.ended = new Promise((resolve) => {
      this.#end = () => resolve('ended');
    });
    this.host = new RaftHost({}, { clock: this.clock(world), transport: world.transport(node, this) });
  }

  /** The world's, for as long as the process lives. */
  clock(world: World): Clock {
    const { clock } = world;
    return {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after: (delayMs, callback) => clock.after(delayMs, () => void (this.isDead || callback())),
    };
  }

  die(): void {
    this.isDead = true;
    this.#end();
  }
}

export interface MemberComponents {
  readonly world: World;
  readonly sometimes: Sometimes;
  readonly founders: readonly MemberId[];
}

/** A node: its disk, which outlives its processes, and the one of these that runs now. */
export class Member {
  readonly node: string;
  disk: SimulatedDisk = new SimulatedDisk();
  /** How often its disk was wiped. */
  wipes = 0;
  readonly #with: MemberComponents;
  #life: Life;
  #starts = 0;

  constructor(node: string, components: MemberComponents) {
    this.node = node;
    this.#with = components;
    this.#life = new Life(node, components.world);
  }

  get id(): MemberId {
    return memberId(this.node, storageIdOf(this.wipes));
  }

  /** What it serves, while it does. */
  get log(): ReplicatedLog | undefined {
    return this.#life.isDead ? undefined : this.#life.log;
  }

  get isLeader(): boolean {
    return this.log?.member.isLeader === true;
  }

  get failure(): unknown {
    return this.#life.isDead ? undefined : this.#life.failure;
  }

  /** @returns `full` when its disk has no room for what a start writes; `ruined` when damage hides what a member must not forget */
  async start(): Promise<'started' | 'full' | 'ruined'> {
    const { world, founders } = this.#with;
    const life = new Life(this.node, world);
    this.#life = life;
    this.#starts += 1;
    const { plan } = world;
    const opening = ReplicatedLog.open(
      {
        ...{ id: 'log', node: this.node, dir, storageId: storageIdOf(this.wipes) },
        ...(this.wipes === 0 && { founders: { voters: founders, learners: [] } }),
        segmentBytes: plan.segmentBytes,
        producersMax: plan.producersMax,
        ...(plan.retainedBytes > 0 && { retention: { bytesMax: plan.retainedBytes, checkMs: retentionCheckMs } }),
        scrub: { bytesPerSecond: plan.scrubBytesPerSecond, everyMs: scrubEveryMs },
        raft: { electionTimeoutMs: 300, heartbeatMs: 100, readTimeoutMs: 1500 },
      },
      {
        host: life.host,
        files: this.disk.files,
        clock: life.clock(world),
        random: world.random.fork(`${this.node} ${this.#starts}`),
        onFailed: (error) => {
          life.failure = error;
          world.trace('failed', { node: this.node, error: String(error) });
        },
        onRole: (role: Role, term, leader) => world.trace('role', { node: this.node, role, term, leader }),
      },
    );
    let problem: 'full' | 'ruined' | undefined;
    opening.then(
      (log) => {
        life.log = log;
        world.trace('started', { node: this.node, id: this.id });
      },
      (error: unknown) => {
        if (error instanceof LogError && error.code === 'no-space') problem = 'full';
        else if (error instanceof RaftError && error.code === 'ERR_RAFT_STORAGE') problem = 'ruined';
        else world.violated('a member starts on what its disk holds', `${this.node}: ${describe(error)}`);
      },
    );
    if (!(await world.until(() => life.log !== undefined || problem !== undefined, 10_000))) {
      world.violated('a member starts', `${this.node} does not open`);
    }
    if (problem === undefined) life.host.start();
    else life.die();
    return problem ?? 'started';
  }

  /** What a call of this process comes to: its answer, some time later, or the end of the process. */
  async answer<T>(call: (log: ReplicatedLog) => Promise<T>): Promise<T | 'ended'> {
    const life = this.#life;
    const { world } = this.#with;
    if (life.isDead || life.log === undefined) return 'ended';
    const answered = call(life.log).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const outcome = await Promise.race([answered, life.ended]);
    if (outcome === 'ended') return 'ended';
    await world.wait(world.plan.answerMsMax);
    if (life.isDead) return 'ended';
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** The power goes, and takes of what was not synced what it may. */
  async cutPower(): Promise<void> {
    const { world, sometimes } = this.#with;
    const fault: Fault = pick(world.random, faults);
    world.trace('power cut', { node: this.node, fault });
    sometimes.reached('the power was cut');
    const { disk } = this;
    disk.cutPower();
    await this.#die();
    this.disk = disk.crash(fault, world.random);
  }

  /** The process ends at once; what it wrote is still in the page cache. */
  async kill(): Promise<void> {
    const { world, sometimes } = this.#with;
    world.trace('kill', { node: this.node });
    sometimes.reached('a process was killed');
    const { disk } = this;
    this.disk = disk.clone();
    disk.cutPower();
    await this.#die();
  }

  async stop(): Promise<void> {
    const { world, sometimes } = this.#with;
    const life = this.#life;
    world.trace('stop', { node: this.node });
    sometimes.reached('a member was stopped and started');
    let isStopped = false;
    const stopped = async (): Promise<void> => {
      await life.log?.close();
      await life.host.stop();
      isStopped = true;
    };
    stopped().catch((error: unknown) => {
      // The last sync may be the one that fails.
      const isSync = error instanceof LogError && error.code === 'fenced';
      if (life.failure === undefined && !isSync) world.violated('stop ends', `${this.node}: ${describe(error)}`);
      isStopped = true;
    });
    if (!(await world.until(() => isStopped, 10_000))) world.violated('stop ends', `${this.node} does not stop`);
    life.die();
    this.disk = this.disk.clone();
  }

  /** Everything is gone: the next process draws another storage id, and is no member. */
  async wipe(): Promise<void> {
    if (!this.#life.isDead) await this.kill();
    this.#with.world.trace('wipe', { node: this.node });
    this.#with.sometimes.reached('a disk was wiped');
    this.disk = new SimulatedDisk();
    this.wipes += 1;
  }

  /** The disk, with its bits, decays: only what is sealed, so that it is not taken for a torn write. */
  flipBit(): void {
    const { world, sometimes } = this.#with;
    const segments = this.disk.paths().filter((path) => path.endsWith('.log'));
    const sealed = segments.slice(0, -1);
    if (sealed.length === 0) return;
    const path = pick(world.random, sealed);
    const bit = world.random.below(this.disk.bytesOf(path).length * 8);
    world.trace('bit flipped', { node: this.node, path, bit });
    sometimes.reached('a bit of a sealed segment flipped');
    this.disk.flipBit(path, bit);
  }

  /** The batches that are served from here and that its disk cannot give back, in words. */
  async unreadable(): Promise<readonly string[]> {
    const { log } = this;
    if (log === undefined) return [];
    const { findings } = await verifyLog({ dir: `${dir}/log` }, { files: this.disk.files });
    return findings
      .filter(({ firstIndex = 1, lastIndex = 0 }) => lastIndex >= Math.max(firstIndex, log.describe().firstIndex))
      .map(({ file, message }) => `${this.node}: ${file}: ${message}`);
  }

  async #die(): Promise<void> {
    const life = this.#life;
    life.die();
    void life.host.stop();
    await this.#with.world.pass(1);
  }
}

function describe(error: unknown): string {
  return error instanceof Error
    ? `${error.stack}${error.cause === undefined ? '' : `\n${describe(error.cause)}`}`
    : String(error);
}
