import type { Sometimes } from '@commitlog/simulation';
import {
  type DurableMessage,
  type Effect,
  type Entry,
  type Index,
  type Input,
  isJoint,
  type MemberId,
  type Message,
  type PersistEffect,
  type SnapshotMeta,
  type Term,
} from '../src/index.js';
import { checkBounds } from './bounds.js';
import { Changes } from './changes.js';
import { Holes } from './holes.js';
import { Machine, payloadId } from './machine.js';
import { isHeldByQuorum } from './quorums.js';
import { SnapshotRecord } from './snapshot-record.js';
import { check, Violation } from './violation.js';
import type { Witnessed } from './witnessed.js';

interface Committed {
  readonly entry: Entry;
  /** The term whose leader committed it: every leader of a later term must hold it. */
  readonly inTerm: Term;
  /** The state machine's count and hash after this entry. */
  readonly count: number;
  readonly hash: number;
}

/** What happened to a payload, as its sender was told. */
export interface Sent {
  readonly id: number;
  /** The highest index acknowledged to anybody before this was sent. */
  readonly after: Index;
  outcome: 'pending' | 'committed' | 'not-applied' | 'unknown';
}

/**
 * The all-seeing record of a simulated cluster: sees every effect of every member, every disk's durable layer, every client's
 * questions and answers, and asserts the invariants after each event. No member knows of it.
 */
export class Record {
  /** By index − 1: every entry that any member ever committed. */
  readonly committed: Committed[] = [];
  readonly sent: Map<number, Sent> = new Map();
  /** The highest index acknowledged to a client. */
  ackedIndex: Index = 0;
  acks = 0;
  readonly #leaders = new Map<Term, MemberId>();
  readonly #votes = new Map<string, MemberId>();
  readonly #terms = new Map<MemberId, Term>();
  /** By "index/term": the entry, and the term of the one before it. Log matching is these two never differing. */
  readonly #entries = new Map<string, { readonly data: Uint8Array; readonly prevTerm: Term }>();
  readonly #committedIds = new Set<number>();
  readonly #changes = new Changes();
  readonly #holes = new Holes();
  readonly #snapshots = new SnapshotRecord();
  readonly #machine = new Machine();
  readonly #sometimes: Sometimes;
  readonly #disks: (member: MemberId) => { holdsDurably(index: Index, term: Term): boolean } | undefined;

  constructor(components: {
    readonly sometimes: Sometimes;
    readonly disks: (member: MemberId) => { holdsDurably(index: Index, term: Term): boolean } | undefined;
  }) {
    this.#sometimes = components.sometimes;
    this.#disks = components.disks;
  }

  get lastCommitted(): Index {
    return this.committed.length;
  }

  /** A cluster's first entry is on every founder's disk before anything runs. */
  bootstrap(entry: Entry): void {
    this.#entries.set(`${entry.index}/${entry.term}`, { data: entry.data, prevTerm: 0 });
  }

  started(node: Witnessed): void {
    this.#holes.started(node);
    const { term } = node.core!;
    const before = this.#terms.get(node.member) ?? 0;
    const isKnown = node.commitSeen <= this.committed.length;
    check('5 commit never goes back', isKnown, `${node.member} came back with commit ${node.commitSeen}`);
    for (let index = node.core!.status.firstIndex; index <= node.commitSeen; index++) {
      const isSame = node.core!.termAt(index) === this.committed[index - 1]!.entry.term;
      check('4 state machine safety', isSame, `${node.member} came back taking another entry ${index} for committed`);
    }
    check('1 terms and votes', term >= before, `${node.member} came back in term ${term} after it spoke of ${before}`);
  }

  /** After every step of every member. */
  stepped(node: Witnessed, input: Input, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'role' && effect.role === 'leader') this.#elected(node);
      else if (effect.kind === 'persist') this.#appended(node, effect);
    }
    const isCommitted = (index: Index, term: Term): boolean => this.committed[index - 1]?.entry.term === term;
    // An entry that one step appends and commits must be known before it is compared.
    for (const effect of effects) {
      if (effect.kind === 'commit') this.#committedBy(node, effect.upTo);
      else if (effect.kind === 'configuration') this.#changes.appended(node, effect, isCommitted);
    }
    const { commitIndex } = node.core!;
    if (node.commitSeen === commitIndex)
      this.#changes.placed(node, commitIndex, node.core!.configurationAt(commitIndex));
    if (input.kind === 'propose-membership') this.#changes.proposed(node, effects);
    checkBounds(node, input.kind, effects);
    this.#holes.stepped(node, input, effects);
    this.#snapshots.stepped(node);
  }

  /** After a step's effects were started: what it holds in memory is on its disk, or on the way there. */
  settled(node: Witnessed): void {
    const core = node.core!;
    const { hardState, entries } = node.disk.view;
    const { term, vote, isHalted } = core.status;
    if (isHalted) return;
    const isTermThere = Math.max(hardState.term, entries.at(-1)?.term ?? 0) >= term;
    check('6 durable before said', isTermThere, `${node.member} is in term ${term}, and does not write it down`);
    const isVoteThere = vote === null || (hardState.term === term && hardState.vote === vote);
    check(
      '6 durable before said',
      isVoteThere,
      `${node.member} voted for ${vote} in ${term}, and does not write it down`,
    );
    const durableTerm = core.termAt(core.durableIndex);
    const isDurable = durableTerm === undefined || node.disk.holdsDurably(core.durableIndex, durableTerm);
    check('6 durable before said', isDurable, `${node.member} takes ${core.durableIndex} for durable, and it is not`);
  }

  /** A durable message leaves: what it says must be on disk. */
  said(node: Witnessed, message: DurableMessage): void {
    const { member } = node;
    this.#terms.set(member, Math.max(this.#terms.get(member) ?? 0, message.term));
    const { hardState } = node.disk.synced;
    const candidate = message.kind === 'request-vote' ? member : message.to;
    if (message.kind === 'append-accepted') {
      const termOnDisk = Math.max(hardState.term, node.disk.synced.entries.at(-1)?.term ?? 0);
      const isTermHeld = termOnDisk >= message.term;
      check(
        '6 durable before said',
        isTermHeld,
        `${member} answered in term ${message.term}; its disk knows ${termOnDisk}`,
      );
      const term = node.core!.termAt(message.match);
      // In a later term this entry may have been cut meanwhile; then the acknowledgement is void, for its term is over.
      if (term === undefined || message.match === 0 || node.core!.term !== message.term) return;
      const isHeld = node.disk.holdsDurably(message.match, term);
      check('6 durable before said', isHeld, `${member} acknowledged ${message.match}, which its disk does not hold`);
      return;
    }
    const isWritten =
      hardState.term > message.term || (hardState.term === message.term && hardState.vote === candidate);
    check(
      '6 durable before said',
      isWritten,
      `${member} voted for ${candidate} in ${message.term}, and that is not on disk`,
    );
    const key = `${member} in ${message.term}`;
    const before = this.#votes.get(key) ?? candidate;
    check('1 terms and votes', before === candidate, `${key} voted for ${before} and for ${candidate}`);
    this.#votes.set(key, candidate);
  }

  applied(node: Witnessed, entry: Entry): void {
    const known = this.committed[entry.index - 1];
    check(
      '4 state machine safety',
      known !== undefined,
      `${node.member} applied ${entry.index}, which nobody committed`,
    );
    const isSame = known.entry.term === entry.term && known.entry.data === entry.data;
    check('4 state machine safety', isSame, `${node.member} applied other bytes at ${entry.index}`);
  }

  /** A member writes a snapshot of its own. */
  wroteSnapshot(node: Witnessed, meta: SnapshotMeta, data: Uint8Array): void {
    this.#snapshots.written(meta, data);
    this.#changes.placed(node, meta.index, { index: meta.configurationIndex, configuration: meta.configuration });
  }

  /** Any message leaves. */
  sends(node: Witnessed, message: Message): void {
    this.#snapshots.sent(node, message);
  }

  restored(node: Witnessed, machine: Machine, meta: SnapshotMeta): void {
    this.#changes.placed(node, meta.index, { index: meta.configurationIndex, configuration: meta.configuration });
    const known = this.committed[machine.index - 1];
    const isSame = known !== undefined && known.count === machine.count && known.hash === machine.hash;
    check('4 state machine safety', isSame, `${node.member} restored another state at ${machine.index}`);
  }

  send(id: number): Sent {
    const sent: Sent = { id, after: this.ackedIndex, outcome: 'pending' };
    this.sent.set(id, sent);
    return sent;
  }

  /** A client was told that its payload is at `index`. */
  acknowledged(sent: Sent, index: Index): void {
    const known = this.committed[index - 1];
    const isThere = known !== undefined && known.entry.data.byteLength > 0 && payloadId(known.entry.data) === sent.id;
    check(
      '7 nothing acknowledged is lost',
      isThere,
      `payload ${sent.id} was acknowledged at ${index}, and is not there`,
    );
    sent.outcome = 'committed';
    this.acks += 1;
    this.ackedIndex = Math.max(this.ackedIndex, index);
  }

  /** A client was told that its payload will never be applied. */
  notApplied(sent: Sent): void {
    sent.outcome = 'not-applied';
    check(
      '7 nothing refused appears',
      !this.#committedIds.has(sent.id),
      `payload ${sent.id} was refused, and is committed`,
    );
  }

  readServed(startedAfter: Index, index: Index): void {
    check(
      '9 linearizable reads',
      index >= startedAfter,
      `a read saw ${index}, and began after ${startedAfter} was acknowledged`,
    );
  }

  #elected(node: Witnessed): void {
    const core = node.core!;
    const other = this.#leaders.get(core.term) ?? node.member;
    check('1 one leader per term', other === node.member, `${other} and ${node.member} both lead term ${core.term}`);
    this.#leaders.set(core.term, node.member);
    const first = core.status.firstIndex;
    for (let index = this.committed.length; index >= first; index--) {
      const { entry, inTerm } = this.committed[index - 1]!;
      const { term } = entry;
      // A candidate may learn late that it won an election long since overtaken: it leads the past.
      const isHeld = inTerm >= core.term || core.termAt(index) === term;
      check('3 leader completeness', isHeld, `${node.member} leads term ${core.term} without ${index} of term ${term}`);
    }
  }

  #appended(node: Witnessed, effect: PersistEffect): void {
    const core = node.core!;
    const { firstUnreadable } = core.status;
    for (const message of effect.thenSend) {
      const isPast = message.kind === 'append-accepted' && firstUnreadable !== null && message.match >= firstUnreadable;
      check(
        '6 durable before said',
        !isPast,
        `${node.member} acknowledged past ${firstUnreadable}, which it cannot read`,
      );
    }
    if (effect.truncateFrom !== undefined) {
      this.#sometimes.reached('a conflicting suffix was cut');
      check('2 leader append-only', !core.isLeader, `${node.member} leads term ${core.term} and cut its log`);
      const { start, entries } = node.disk.view;
      for (let index = effect.truncateFrom; index <= start.index + entries.length; index++) {
        const known = this.committed[index - 1];
        const isCommitted = known !== undefined && known.entry.term === entries[index - start.index - 1]?.term;
        // One that woke late still follows a leader of the past, whose log never had what was committed after its time.
        const isKept = !isCommitted || known.inTerm > core.term;
        check('7 nothing is lost', isKept, `${node.member} cut ${index}, which is committed`);
      }
    }
    const hint = effect.hardState?.commit ?? 0;
    const isHintHeld = hint === 0 || node.disk.holdsDurably(hint, this.committed[hint - 1]?.entry.term ?? 0);
    check('6 durable before said', isHintHeld, `${node.member} wants to remember commit ${hint}, which its disk lacks`);
    for (const entry of effect.entries) {
      const key = `${entry.index}/${entry.term}`;
      const prevTerm = core.termAt(entry.index - 1) ?? 0;
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, { data: entry.data, prevTerm });
      else {
        const isSame = known.data === entry.data && known.prevTerm === prevTerm;
        check('2 log matching', isSame, `${node.member} holds another entry at index/term ${key}`);
      }
    }
  }

  #committedBy(node: Witnessed, upTo: Index): void {
    const core = node.core!;
    check(
      '5 commit never goes back',
      upTo > node.commitSeen,
      `${node.member} committed ${upTo} after ${node.commitSeen}`,
    );
    if (core.isLeader) {
      const isOwn = core.termAt(upTo) === core.term;
      check('5 current term commits', isOwn, `${node.member} counted replicas of ${upTo} in term ${core.term}`);
    }
    for (let index = node.commitSeen + 1; index <= upTo; index++) {
      const term = core.termAt(index);
      // Below a snapshot that was just installed: `restored` compares it as a whole.
      if (term === undefined || index <= core.status.firstIndex - 1) continue;
      const known = this.committed[index - 1];
      if (known === undefined) this.#commitFirst(node, index, term);
      else if (known.entry.term !== term) {
        throw new Violation(
          '4 state machine safety',
          `${node.member} committed ${index} of term ${term}, not ${known.entry.term}`,
        );
      }
    }
    node.commitSeen = upTo;
  }

  /** Nobody has committed this index before: it must be durable on a quorum, now. */
  #commitFirst(node: Witnessed, index: Index, term: Term): void {
    check('5 commit without gaps', index === this.committed.length + 1, `${index} follows ${this.committed.length}`);
    const entry = node.entryAt(index);
    check(
      '7 nothing is lost',
      entry !== undefined && entry.term === term,
      `${node.member} committed ${index} and lacks it`,
    );
    // The configuration in force, not the one at the entry: an entry between the two halves of a change may commit by the new.
    const { configuration } = node.core!.configuration;
    const isDurable = isHeldByQuorum(
      configuration,
      (member) => this.#disks(member)?.holdsDurably(index, term) ?? false,
    );
    check(
      '6 acknowledged is durable',
      isDurable,
      `${node.member} committed ${index} of term ${term} without a quorum's disks`,
    );
    if (entry.type === 'data') this.#commitData(entry);
    else if (entry.type === 'configuration') this.#changes.committed(entry);
    this.#machine.apply(index, entry.type === 'data' ? entry.data : new Uint8Array(0));
    const { count, hash } = this.#machine;
    this.committed.push({ entry, inTerm: node.core!.term, count, hash });
    if (isJoint(configuration)) this.#sometimes.reached('committed under a joint configuration');
  }

  #commitData(entry: Entry): void {
    const id = payloadId(entry.data);
    const sent = this.sent.get(id);
    check('7 nothing appears that nobody sent', sent !== undefined, `payload ${id} at ${entry.index}`);
    check('7 exactly once', !this.#committedIds.has(id), `payload ${id} is committed twice`);
    check('7 nothing refused appears', sent.outcome !== 'not-applied', `payload ${id} was refused, and is committed`);
    const isLater = entry.index > sent.after;
    check(
      '8 real-time order',
      isLater,
      `payload ${id} is at ${entry.index}, and began after ${sent.after} was acknowledged`,
    );
    this.#committedIds.add(id);
  }
}
