import assert from 'node:assert/strict';
import type { Message } from '../../src/index.js';
import { calm, SimCluster, type SimClusterInit } from '../cluster.js';
import type { SimNode } from '../node.js';
import type { Outcome } from '../proposals.js';
import type { SimTrace } from '../world-event.js';
import { tracedCluster } from '../world-trace.js';

let tracing: SimTrace | undefined;

/** Runs a scenario whose clusters tell everything to `trace`. */
export function traceRigs(trace: SimTrace, run: () => void): void {
  tracing = trace;
  try {
    run();
  } finally {
    tracing = undefined;
  }
}

/**
 * A simulated cluster in the hands of a scenario. The record checks every invariant after every event of it; a scenario adds
 * what its name asks for.
 */
export class Rig {
  readonly cluster: SimCluster;
  readonly sent: Message[] = [];
  sentBytes = 0;
  /** Nodes that the scenario cut off. */
  readonly #away = new Set<SimNode>();

  constructor(voters: number, init: Partial<SimClusterInit> = {}) {
    const settings = { ...calm, seed: `scenario ${voters}`, voters, ...init };
    this.cluster = tracing === undefined ? new SimCluster(settings) : tracedCluster(settings, tracing).cluster;
    this.cluster.network.onSend = (_from, _to, message) => {
      this.sent.push(message);
      if (message.kind === 'append') for (const { data } of message.entries) this.sentBytes += data.byteLength;
    };
    this.cluster.start();
  }

  get nodes(): SimNode[] {
    return this.cluster.nodes;
  }

  get electionMs(): number {
    return this.cluster.settings.electionTimeoutMs;
  }

  runFor(ms: number): void {
    this.cluster.runFor(ms);
  }

  until(what: string, isDone: () => boolean, withinMs = 10_000): void {
    assert.ok(this.cluster.runUntil(isDone, withinMs), `${what}: not within ${withinMs} ms`);
  }

  /** Waits until one connected node leads and the connected majority follows it. */
  leader(): SimNode {
    let found: SimNode | undefined;
    this.until('a leader', () => {
      const connected = this.nodes.filter((node) => node.isUp && !node.isPaused && !this.#away.has(node));
      const leaders = connected.filter((node) => node.isLeader);
      const newest = Math.max(0, ...connected.map((node) => node.core!.term));
      found = leaders.find((node) => node.core!.term === newest && node.core!.commitIndex > 0);
      const followers = connected.filter((node) => node.core!.leader === found?.member);
      return found !== undefined && followers.length * 2 > this.nodes.length;
    });
    return found!;
  }

  followers(): SimNode[] {
    const leader = this.leader();
    return this.nodes.filter((node) => node !== leader && node.isUp && !this.#away.has(node));
  }

  noLeader(): void {
    const leaders = this.nodes.filter((node) => node.isUp && !this.#away.has(node) && node.isLeader);
    assert.equal(leaders.length, 0, `${leaders.map((node) => node.name).join()} leads`);
  }

  disconnect(...nodes: readonly SimNode[]): void {
    for (const node of nodes) {
      this.cluster.cutOff(node);
      this.#away.add(node);
    }
  }

  reconnect(...nodes: readonly SimNode[]): void {
    for (const node of nodes) {
      this.cluster.reconnect(node);
      this.#away.delete(node);
    }
    for (const node of this.#away) this.cluster.cutOff(node);
  }

  crash(...nodes: readonly SimNode[]): void {
    for (const node of nodes) node.crash();
  }

  restart(...nodes: readonly SimNode[]): void {
    for (const node of nodes) node.start();
  }

  propose(node: SimNode): { outcome: Outcome | null } {
    const result: { outcome: Outcome | null } = { outcome: null };
    this.cluster.propose(node, (outcome) => {
      result.outcome = outcome;
    });
    return result;
  }

  /** Gets an entry committed, trying again where a leader falls, and applied by `count` nodes. Returns its index. */
  agree(count = this.nodes.length): number {
    for (let tries = 0; tries < 40; tries++) {
      const proposal = this.propose(this.leader());
      this.cluster.runUntil(() => proposal.outcome !== null, 1000);
      const { outcome } = proposal;
      if (outcome?.kind !== 'committed') continue;
      this.until(`${outcome.index} applied by ${count}`, () => this.appliedBy(outcome.index) >= count);
      return outcome.index;
    }
    throw new Error('no agreement after 40 tries');
  }

  agreeTimes(times: number, count?: number): void {
    for (let time = 0; time < times; time++) this.agree(count);
  }

  appliedBy(index: number): number {
    return this.nodes.filter((node) => node.isUp && node.machine.index >= index).length;
  }

  /** Everybody that is up holds and has applied the same. */
  equal(): void {
    this.until('equal logs', () => {
      const up = this.nodes.filter((node) => node.isUp);
      const lasts = new Set(
        up.map(
          (node) =>
            `${node.core!.status.lastIndex}/${node.core!.commitIndex}/${node.machine.index}/${node.machine.hash}`,
        ),
      );
      return lasts.size === 1;
    });
  }

  quality(given: Partial<SimClusterInit['network']>): void {
    this.cluster.network.quality = { ...this.cluster.network.quality, ...given };
  }

  countSent(kind: Message['kind']): number {
    return this.sent.filter((message) => message.kind === kind).length;
  }
}

export const unreliable: SimClusterInit['network'] = {
  delayMsMin: 0.3,
  delayMsMax: 27,
  drop: 0.1,
  duplicate: 0.05,
  late: 0.1,
  lateMsMax: 300,
};
