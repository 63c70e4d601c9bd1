import type { Entry, Index } from './entry.js';
import { invariant } from './invariant.js';
import { type MemberId, nodeOf } from './member.js';
import { majorityIndex, majorityVote, type VoteResult } from './quorum.js';

/**
 * Who is in the cluster. While a change of voters is under way the configuration is joint (§6): `outgoing` is not empty,
 * and every decision needs a majority of `voters` and a majority of `outgoing`.
 */
export interface Configuration {
  readonly voters: readonly MemberId[];
  /** The voters before the change; empty when no change of voters is under way. */
  readonly outgoing: readonly MemberId[];
  /** They receive the log and count for nothing. A voter on its way to learner is in `outgoing` and here. */
  readonly learners: readonly MemberId[];
}

export const emptyConfiguration: Configuration = { voters: [], outgoing: [], learners: [] };

/** What somebody wants the members to be; the core finds the way there. */
export interface Membership {
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
}

export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing.length > 0;
}

/** A voter in either half: it may campaign and its vote counts somewhere. */
export function isVoter(configuration: Configuration, member: MemberId): boolean {
  return configuration.voters.includes(member) || configuration.outgoing.includes(member);
}

export function membersOf(configuration: Configuration): Set<MemberId> {
  return new Set([...configuration.voters, ...configuration.outgoing, ...configuration.learners]);
}

/** The highest index that a quorum has reached: both halves' majorities, so the lower of the two (§6). */
export function quorumIndex(configuration: Configuration, matchOf: (voter: MemberId) => Index): Index {
  return Math.min(majorityIndex(configuration.voters, matchOf), majorityIndex(configuration.outgoing, matchOf));
}

export function quorumVote(configuration: Configuration, voteOf: (voter: MemberId) => boolean | undefined): VoteResult {
  const incoming = majorityVote(configuration.voters, voteOf);
  const outgoing = majorityVote(configuration.outgoing, voteOf);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}

/** Whether those for whom `isThere` holds include a quorum. */
export function hasQuorum(configuration: Configuration, isThere: (voter: MemberId) => boolean): boolean {
  return quorumVote(configuration, (voter) => (isThere(voter) ? true : undefined)) === 'won';
}

/** The configuration that leads from `current` to `wanted`: joint where the voters differ, else `wanted` itself. */
export function enterChange(current: Configuration, wanted: Membership): Configuration {
  const isSameVoters =
    wanted.voters.length === current.voters.length && wanted.voters.every((voter) => current.voters.includes(voter));
  const outgoing = isSameVoters ? [] : current.voters;
  return { voters: [...wanted.voters], outgoing: [...outgoing], learners: [...wanted.learners] };
}

/** The second half of a change of voters: the new configuration alone. */
export function leaveChange(joint: Configuration): Configuration {
  return { voters: joint.voters, outgoing: [], learners: joint.learners };
}

/** Why `wanted` can be no configuration, or null when it can. */
export function membershipProblem(wanted: Membership): string | null {
  if (wanted.voters.length === 0) return 'there must be a voter';
  const nodes = wanted.voters.map(nodeOf);
  if (new Set(nodes).size !== nodes.length) return 'a node can be a voter with one storage only';
  const all = [...wanted.voters, ...wanted.learners];
  if (new Set(all).size !== all.length) return 'a member is named twice';
  return null;
}

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const { voters, outgoing, learners } = configuration;
  return new TextEncoder().encode(JSON.stringify({ voters, outgoing, learners }));
}

/** @throws SyntaxError or InvariantError when the entry's data is no configuration */
export function decodeConfiguration(data: Uint8Array): Configuration {
  const decoded = JSON.parse(new TextDecoder().decode(data)) as Configuration;
  const lists = [decoded.voters, decoded.outgoing, decoded.learners];
  invariant(
    lists.every((list) => Array.isArray(list) && list.every((member) => typeof member === 'string')),
    'a configuration entry must hold three lists of members',
  );
  return { voters: decoded.voters, outgoing: decoded.outgoing, learners: decoded.learners };
}

/** The first entry of a new cluster: every founding member writes the same one before it starts. */
export function bootstrapEntry(membership: Membership): Entry {
  const problem = membershipProblem(membership);
  if (problem !== null) throw new TypeError(`cannot found a cluster: ${problem}`);
  const data = encodeConfiguration({ ...membership, outgoing: [] });
  return { index: 1, term: 1, type: 'configuration', data };
}

/** A configuration, and the index of the entry that brought it. */
export interface PlacedConfiguration {
  readonly index: Index;
  readonly configuration: Configuration;
}

/**
 * The configurations in the log, oldest first. The newest is in force from the moment its entry is appended, committed or not
 * (§6), so truncating that entry must bring back the one before.
 */
export class ConfigurationHistory {
  #placed: PlacedConfiguration[];

  constructor(placed: readonly PlacedConfiguration[]) {
    this.#placed = placed.length > 0 ? [...placed] : [{ index: 0, configuration: emptyConfiguration }];
    for (let at = 1; at < this.#placed.length; at++) {
      invariant(
        this.#placed[at - 1]!.index < this.#placed[at]!.index,
        'configurations must be in the order of the log',
      );
    }
  }

  get current(): PlacedConfiguration {
    return this.#placed[this.#placed.length - 1]!;
  }

  /** The configuration in force at `index`. */
  at(index: Index): PlacedConfiguration {
    for (let at = this.#placed.length - 1; at >= 0; at--) {
      if (this.#placed[at]!.index <= index) return this.#placed[at]!;
    }
    return { index: 0, configuration: emptyConfiguration };
  }

  append(placed: PlacedConfiguration): void {
    invariant(placed.index > this.current.index, `configuration ${placed.index} must come after ${this.current.index}`);
    this.#placed.push(placed);
  }

  /** Forgets those at `from` and above. Returns whether the one in force changed. */
  truncate(from: Index): boolean {
    const before = this.current;
    this.#placed = this.#placed.filter((placed) => placed.index < from);
    if (this.#placed.length === 0) this.#placed.push({ index: 0, configuration: emptyConfiguration });
    return this.current !== before;
  }

  /** Forgets those that `upTo` makes unreachable, all but the one in force there. */
  compact(upTo: Index): void {
    const base = this.at(upTo);
    this.#placed = [base, ...this.#placed.filter((placed) => placed.index > upTo && placed.index !== base.index)];
  }

  /** A snapshot brings its own, and what came before it is void, also where it was newer (openraft 1808). */
  restore(placed: PlacedConfiguration): void {
    this.#placed = [placed];
  }
}
