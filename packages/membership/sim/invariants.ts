import type { CoreSettings, Member, MemberStatus, MembershipEvent } from '../src/index.js';
import type { SimNode } from './node.js';
import { isSameButForIncarnation } from './same-member.js';
import { Violation } from './violation.js';

const badness: Record<MemberStatus, number> = { alive: 0, suspect: 1, failed: 2, left: 3 };

/** More timers than a member can want are a leak, and so is more of anything than its bound. */
const stepsBetweenChecks = 50;

/** What the invariants see of a cluster. */
export interface Watched {
  readonly settings: Pick<CoreSettings, 'membersMax' | 'tombstonesMax' | 'relaysMax' | 'requestsMax'>;
  node(name: string): SimNode | undefined;
}

/** What must hold after every event, whatever went wrong. */
export class Invariants {
  readonly #cluster: Watched;
  /** By observer, its boot and subject: what it last said. Its word may only move forward. */
  readonly #said: Map<string, Member> = new Map();
  #steps = 0;

  constructor(cluster: Watched) {
    this.#cluster = cluster;
  }

  onEvent(observer: SimNode, { kind, member }: MembershipEvent): void {
    const subject = this.#cluster.node(member.name);
    if (subject === undefined) throw new Violation('nobody is made up', `${observer.name} knows of ${member.name}`);
    if (subject === observer) throw new Violation('nobody tells of itself', `${observer.name}: ${kind} of itself`);
    const own = subject.incarnationMax;
    if (member.incarnation > own) {
      throw new Violation(
        'only a member raises its incarnation',
        `${observer.name} has ${member.name} at ${member.incarnation}, itself it never was above ${own}`,
      );
    }
    if (kind === 'left' && !subject.leftAt.has(member.incarnation)) {
      throw new Violation(
        'a leave is announced',
        `${observer.name} says that ${member.name} left at ${member.incarnation}, which it never did`,
      );
    }
    this.#checkOrder(observer, kind, member);
  }

  onStep(node: SimNode): void {
    this.#steps += 1;
    if (this.#steps % stepsBetweenChecks !== 0 || node.core === undefined) return;
    const { settings } = this.#cluster;
    const { members, tombstones, broadcasts, suspicions, relays, asks, turns } = node.core.held;
    const isBounded =
      members <= settings.membersMax &&
      tombstones <= settings.tombstonesMax &&
      broadcasts <= settings.membersMax + settings.tombstonesMax &&
      suspicions <= members &&
      relays <= settings.relaysMax &&
      asks <= settings.requestsMax + 2 &&
      turns <= settings.membersMax + settings.tombstonesMax + 1 &&
      node.timers <= members + relays * 2 + timersMax;
    if (!isBounded) {
      throw new Violation('bounds', `${node.name} holds ${JSON.stringify(node.core.held)} and ${node.timers} timers`);
    }
  }

  /** Whoever only reads events has the same picture of those who are there as whoever asks for it. */
  checkPicture(observer: SimNode): void {
    for (const member of observer.view) {
      if (member.name === observer.name) continue;
      const said = this.#said.get(`${observer.name} ${observer.boots} ${member.name}`);
      if (said !== undefined && isSameButForIncarnation(said, member)) continue;
      const picture = `it last said ${JSON.stringify(said ?? 'nothing')} of ${member.name}, which is ${JSON.stringify(member)}`;
      throw new Violation('events tell all', `${observer.name}: ${picture}`);
    }
  }

  /** SWIM §4.2: incarnations only rise, and within one only for the worse; and an event always tells something new. */
  #checkOrder(observer: SimNode, kind: string, member: Member): void {
    const key = `${observer.name} ${observer.boots} ${member.name}`;
    const before = this.#said.get(key);
    this.#said.set(key, member);
    if (before === undefined) {
      if (kind !== 'joined') throw new Violation('joined comes first', `${key}: first ${kind}`);
      return;
    }
    const isForward =
      member.incarnation > before.incarnation ||
      (member.incarnation === before.incarnation && badness[member.status] > badness[before.status]);
    if (!isForward) {
      throw new Violation(
        'what is known moves forward',
        `${key}: ${kind} at ${member.incarnation} ${member.status} after ${before.incarnation} ${before.status}`,
      );
    }
    const wasGone = before.status === 'failed' || before.status === 'left';
    if ((kind === 'joined') !== wasGone && (kind === 'joined' || kind === 'updated' || kind === 'suspected')) {
      throw new Violation('joined follows failed or left', `${key}: ${kind} after ${before.status}`);
    }
  }
}

/** Beside those that come with what is held: its few regular ones, and those of the probes of the last moments. */
const timersMax = 300;
