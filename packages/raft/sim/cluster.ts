import { EventQueue, type LinkQuality, SeededRandom, SimulatedNetwork, Sometimes } from '@commitlog/simulation';
import {
  bootstrapEntry,
  type CoreSettings,
  defaultSettings,
  type Effect,
  emptyConfiguration,
  type Input,
  type MemberId,
  type Message,
  nodeOf,
  type PlacedConfiguration,
} from '../src/index.js';
import type { DiskQuality, SimDisk } from './disk.js';
import { payload } from './machine.js';
import { SimNode } from './node.js';
import type { Outcome } from './proposals.js';
import { Record } from './record.js';
import { states } from './states.js';
import type { SimTrace } from './world-event.js';

export interface SimClusterInit {
  readonly seed: string | number;
  readonly voters: number;
  /** Empty nodes that are in no configuration yet. */
  readonly spares: number;
  readonly settings: Partial<Omit<CoreSettings, 'self'>>;
  readonly network: LinkQuality;
  readonly disk: DiskQuality;
  readonly snapshotEvery: number;
  readonly snapshotPaddingBytes: number;
  readonly trailing: number;
  /** In how many ways members differ in their snapshots; 1: not at all. Who writes fewer keeps less of the log below, so one's newest may lie above another's start. */
  readonly unevenness: number;
  readonly payloadBytes: number;
}

export const calm: Omit<SimClusterInit, 'seed'> = {
  voters: 3,
  spares: 0,
  settings: { electionTimeoutMs: 300, heartbeatMs: 50, diskStallMs: 600, readTimeoutMs: 2000 },
  network: { delayMsMin: 0.3, delayMsMax: 3, drop: 0, duplicate: 0, late: 0, lateMsMax: 0 },
  disk: { syncMsMin: 0.2, syncMsMax: 2, readMsMax: 20 },
  snapshotEvery: 0,
  snapshotPaddingBytes: 0,
  trailing: 0,
  unevenness: 1,
  payloadBytes: 16,
};

/** A cluster in one sequence of events: machines, disks and network, and the record that sees all. */
export class SimCluster {
  readonly events: EventQueue = new EventQueue();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork<Message>;
  readonly record: Record;
  readonly sometimes: Sometimes = new Sometimes(states);
  readonly nodes: SimNode[] = [];
  readonly settings: Omit<CoreSettings, 'self'>;
  /** Told of every step; scenarios and counters listen here. */
  readonly watchers: ((node: SimNode, input: Input, effects: readonly Effect[]) => void)[] = [];
  /** Told of every message that comes to a node which is down. */
  onUndelivered: ((message: Message) => void) | undefined;
  readonly #disks = new Map<MemberId, SimDisk>();
  readonly #init: SimClusterInit;
  readonly #trace: SimTrace | undefined;
  #payloads = 0;

  constructor(init: SimClusterInit, components: { readonly trace?: SimTrace | undefined } = {}) {
    this.#init = init;
    this.#trace = components.trace;
    this.random = new SeededRandom(init.seed);
    this.settings = { ...defaultSettings, ...init.settings };
    this.record = new Record({ sometimes: this.sometimes, disks: (member) => this.#disks.get(member) });
    this.network = new SimulatedNetwork<Message>(init.network, {
      events: this.events,
      random: this.random.fork('network'),
      deliver: (_from, to, message) => this.#deliver(this.node(to), message),
    });
    for (let at = 1; at <= init.voters + init.spares; at++) this.nodes.push(this.#newNode(`n${at}`));
    const founders = this.nodes.slice(0, init.voters);
    const entry = bootstrapEntry({ voters: founders.map((node) => node.member), learners: [] });
    this.record.bootstrap(entry);
    for (const node of founders) node.disk.bootstrap(entry);
  }

  /** Starts every node, and nothing more. */
  start(): this {
    for (const node of this.nodes) node.start();
    return this;
  }

  get nowMs(): number {
    return this.events.nowMs;
  }

  get up(): SimNode[] {
    return this.nodes.filter((node) => node.isUp);
  }

  node(name: string): SimNode {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  addNode(): SimNode {
    const node = this.#newNode(`n${this.nodes.length + 1}`);
    this.nodes.push(node);
    node.start();
    return node;
  }

  /** The leader of the highest term, or undefined. */
  get leader(): SimNode | undefined {
    let best: SimNode | undefined;
    for (const node of this.nodes) {
      if (node.isLeader && !node.isPaused && (best === undefined || node.core!.term > best.core!.term)) best = node;
    }
    return best;
  }

  /** The newest configuration that can be committed. A member that was removed may keep one for ever that never will be. */
  get newestConfiguration(): PlacedConfiguration {
    let newest: PlacedConfiguration = { index: 0, configuration: emptyConfiguration };
    for (const { lastConfiguration } of this.nodes) {
      const { index } = lastConfiguration;
      if (index > newest.index && index <= this.record.lastCommitted) newest = lastConfiguration;
    }
    return newest;
  }

  runFor(ms: number): void {
    this.events.runUntil(this.events.nowMs + ms);
  }

  /** Runs until `isDone`; false when `withinMs` went by first. */
  runUntil(isDone: () => boolean, withinMs: number): boolean {
    return this.events.runUntilDone(this.events.nowMs + withinMs, isDone);
  }

  nextPayload(): { readonly id: number; readonly data: Uint8Array } {
    this.#payloads += 1;
    return { id: this.#payloads, data: payload(this.#payloads, this.#init.payloadBytes) };
  }

  /** Proposes a payload at `node`; the outcome comes when it is known. */
  propose(node: SimNode, settle: (outcome: Outcome) => void = () => {}): void {
    const { id, data } = this.nextPayload();
    const sent = this.record.send(id);
    node.propose(sent, data, (outcome) => {
      if (outcome.kind === 'not-applied' && sent.outcome === 'pending') this.record.notApplied(sent);
      else if (outcome.kind === 'unknown') sent.outcome = 'unknown';
      if (outcome.kind === 'not-applied' && outcome.reason === 'overwritten') {
        this.sometimes.reached('a proposal was overwritten and its sender told so');
      }
      settle(outcome);
    });
  }

  cutOff(node: SimNode): void {
    const others = this.nodes.filter((each) => each !== node).map((each) => each.name);
    this.network.partition([node.name], others);
  }

  reconnect(node: SimNode): void {
    for (const other of this.nodes) {
      this.network.heal(node.name, other.name);
      this.network.heal(other.name, node.name);
    }
  }

  wipe(node: SimNode): void {
    node.wipe();
    this.#disks.set(node.member, node.disk);
  }

  #deliver(node: SimNode, message: Message): void {
    if (node.isUp) node.receive(message);
    else this.onUndelivered?.(message);
  }

  #newNode(name: string): SimNode {
    const way = this.nodes.length % this.#init.unevenness;
    const node = new SimNode(
      {
        name,
        settings: this.settings,
        disk: this.#init.disk,
        tickMs: this.settings.heartbeatMs / 2,
        snapshotEvery: this.#init.snapshotEvery * (1 + way),
        snapshotPaddingBytes: this.#init.snapshotPaddingBytes,
        trailing: this.#init.trailing * (this.#init.unevenness - way),
        proposalBytesMax: this.#init.payloadBytes + 1024,
      },
      {
        events: this.events,
        random: this.random.fork(name),
        record: this.record,
        send: (from, message) => this.network.send(from, nodeOf(message.to), message),
        trace: this.#trace,
        onStep: (stepped, input, effects) => {
          for (const watcher of this.watchers) watcher(stepped, input, effects);
        },
      },
    );
    this.#disks.set(node.member, node.disk);
    return node;
  }
}
