import {
  ApiError,
  adminV1,
  type CallContext,
  type Handlers,
  notLeader,
  requireInteger,
  requireLogName,
} from '@commitlog/api';
import type { MemberStatus } from '@commitlog/membership';
import { isJoint, type MemberId, membersOf, nodeOf, storageOf } from '@commitlog/raft';
import type { ReplicatedLog } from '@commitlog/replicated-log';
import { decodeClusterState } from '../cluster/cluster-state.js';
import type { GossipKeys } from '../cluster/gossip-keys.js';
import type { Removals } from '../cluster/removals.js';
import { storageHintOf } from '../cluster/roster.js';
import type { Wakeup } from '../cluster/wakeup.js';
import type { ClusterView } from './cluster-view.js';
import { toApiError } from './errors.js';

type Definition = typeof adminV1.AdminServiceDefinition;

export interface AdminServiceComponents {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly version: string;
  readonly log: ReplicatedLog;
  readonly logName: string;
  readonly view: ClusterView;
  readonly removals: Pick<Removals, 'removed' | 'add' | 'remove'>;
  readonly wakeup: Wakeup;
  readonly gossipKeys: GossipKeys;
}

const { Role, Health } = adminV1;

const healthOf: { readonly [S in MemberStatus]: adminV1.Health } = {
  alive: Health.ALIVE,
  suspect: Health.SUSPECT,
  failed: Health.FAILED,
  left: Health.LEFT,
};

/** How often it is looked whether leadership has moved, beside whenever something happens. */
const everyMs = 20;

/** What operators ask of a cluster. Any node answers; what only the leader can do, the others refuse, and say where it is. */
export class AdminService implements Handlers<Definition> {
  readonly #with: AdminServiceComponents;

  constructor(components: AdminServiceComponents) {
    this.#with = components;
  }

  getClusterStatus(): adminV1.GetClusterStatusResponse {
    const { clusterId, nodeId, version, log, view } = this.#with;
    const { leader, term, commitIndex, configuration } = log.member.status;
    const { voters, learners } = configuration.configuration;
    return {
      clusterId,
      nodeId,
      leaderId: leader === null ? '' : nodeOf(leader),
      leaderAddress: view.leader?.address ?? '',
      term: BigInt(term),
      commitIndex: BigInt(commitIndex),
      targetVoters: decodeClusterState(log.metadata)?.targetVoters ?? 0,
      voters: voters.length,
      learners: learners.length,
      isChanging: isJoint(configuration.configuration) || configuration.index > commitIndex,
      version,
    };
  }

  listMembers(): adminV1.ListMembersResponse {
    const { view, removals } = this.#with;
    const known = [...view.members].map(nodeOf);
    const nodes = new Set([...known, ...view.gossip().map(({ name }) => name), ...removals.removed]);
    return { members: [...nodes].sort().flatMap((node) => this.#membersOf(node)) };
  }

  async addMember({ nodeId }: adminV1.AddMemberRequest): Promise<adminV1.AddMemberResponse> {
    await this.#asLeader(() => this.#with.removals.add(requireNode(nodeId)));
    return { member: this.#membersOf(nodeId)[0] };
  }

  async removeMember(
    { nodeId }: adminV1.RemoveMemberRequest,
    { signal }: CallContext,
  ): Promise<adminV1.RemoveMemberResponse> {
    await this.#asLeader(() => this.#with.removals.remove(requireNode(nodeId), signal));
    return {};
  }

  async transferLeadership(
    { toNodeId }: adminV1.TransferLeadershipRequest,
    { signal }: CallContext,
  ): Promise<adminV1.TransferLeadershipResponse> {
    const { log, wakeup } = this.#with;
    await this.#asLeader(async () => {
      const target = successorOf(log, toNodeId);
      if (target === log.member.self) return;
      await log.member.transfer(target);
      await wakeup.until(() => log.member.leader !== null, { everyMs, signal });
      if (log.member.leader !== target) {
        throw new ApiError('ABORTED', `"${nodeOf(target)}" did not take over in time, and leadership is elsewhere`);
      }
    });
    return { leaderId: nodeOf(log.member.leader ?? log.member.self), term: BigInt(log.member.status.term) };
  }

  async getLogInfo({ log: name }: adminV1.GetLogInfoRequest): Promise<adminV1.GetLogInfoResponse> {
    this.#requireLog(name);
    const { log, logName } = this.#with;
    const { firstIndex, commitIndex, lastIndex, bytes, segments, producers, lastAppendTimeMs } = log.describe();
    const firstAppendTimeMs = await this.#translated(() => log.firstAppendTimeMs());
    return {
      log: logName,
      startOffset: BigInt(log.firstOffset),
      endOffset: BigInt(log.endOffset),
      startIndex: BigInt(firstIndex),
      commitIndex: BigInt(commitIndex),
      lastIndex: BigInt(lastIndex),
      bytes: BigInt(bytes),
      segments,
      producers,
      ...(firstAppendTimeMs !== undefined && { firstAppendTimeMs: BigInt(firstAppendTimeMs) }),
      ...(lastAppendTimeMs !== undefined && { lastAppendTimeMs: BigInt(lastAppendTimeMs) }),
    };
  }

  async trimLog({ log: name, beforeOffset }: adminV1.TrimLogRequest): Promise<adminV1.TrimLogResponse> {
    this.#requireLog(name);
    const before = requireInteger('before_offset', beforeOffset);
    return { startOffset: BigInt(await this.#asLeader(() => this.#with.log.trim(before))) };
  }

  async listGossipKeys(
    _: adminV1.ListGossipKeysRequest,
    { signal }: CallContext,
  ): Promise<adminV1.ListGossipKeysResponse> {
    const { keys, unreachable } = await this.#with.gossipKeys.list(signal);
    return {
      keys: keys.map(({ id, nodes, sealing }) => ({ id, nodeIds: [...nodes], sealingNodeIds: [...sealing] })),
      unreachableNodeIds: [...unreachable],
    };
  }

  async installGossipKey(
    { key }: adminV1.InstallGossipKeyRequest,
    { signal }: CallContext,
  ): Promise<adminV1.InstallGossipKeyResponse> {
    const { id, unreachable } = await this.#with.gossipKeys.install(key, signal);
    return { keyId: id, unreachableNodeIds: [...unreachable] };
  }

  async useGossipKey(
    { keyId }: adminV1.UseGossipKeyRequest,
    { signal }: CallContext,
  ): Promise<adminV1.UseGossipKeyResponse> {
    return { unreachableNodeIds: [...(await this.#with.gossipKeys.use(keyId, signal))] };
  }

  async removeGossipKey(
    { keyId }: adminV1.RemoveGossipKeyRequest,
    { signal }: CallContext,
  ): Promise<adminV1.RemoveGossipKeyResponse> {
    return { unreachableNodeIds: [...(await this.#with.gossipKeys.remove(keyId, signal))] };
  }

  /** One for each disk of a node that is a member, or one for a node that is none. */
  #membersOf(node: string): adminV1.Member[] {
    const { log, view, removals } = this.#with;
    const { status } = log.member;
    const gossiped = view.gossip().find(({ name }) => name === node);
    const common = {
      nodeId: node,
      address: view.addressOf(node) ?? '',
      health: gossiped === undefined ? Health.UNSPECIFIED : healthOf[gossiped.status],
    };
    const runsOn = gossiped === undefined ? '' : storageHintOf(gossiped);
    const members = [...view.members].filter((member) => nodeOf(member) === node);
    if (members.length === 0) {
      const role = removals.removed.has(node) ? Role.REMOVED : Role.UNSPECIFIED;
      return [{ ...common, storageId: '', role, isLeader: false }];
    }
    return members.map((member) => {
      const match = status.members.find((each) => each.member === member)?.match;
      const isVoter = status.configuration.configuration.voters.includes(member);
      return {
        ...common,
        // A node that came back on another disk does not bring back the vote of the one that is lost.
        ...(runsOn !== '' && runsOn !== storageOf(member) && { health: Health.FAILED }),
        storageId: storageOf(member),
        role: isVoter ? Role.VOTER : Role.LEARNER,
        isLeader: status.leader === member,
        ...(match !== undefined && { matchIndex: BigInt(match) }),
      };
    });
  }

  async #asLeader<T>(work: () => Promise<T>): Promise<T> {
    const { log, view } = this.#with;
    if (!log.member.isLeader) throw notLeader(view.leader);
    return await this.#translated(work);
  }

  async #translated<T>(work: () => Promise<T>): Promise<T> {
    const { view } = this.#with;
    try {
      return await work();
    } catch (error) {
      throw toApiError(error, (node) => (view.leader?.id === node ? view.leader : undefined));
    }
  }

  /** @throws ApiError `INVALID_LOG_NAME`, `LOG_NOT_FOUND` */
  #requireLog(name: string): void {
    const known = requireLogName(name);
    if (known === this.#with.logName) return;
    throw new ApiError('LOG_NOT_FOUND', `there is no log "${known}"`, { metadata: { log: known } });
  }
}

/** The voter that is to lead: the one that was named, or whichever is furthest. */
export function successorOf({ member }: Pick<ReplicatedLog, 'member'>, node: string): MemberId {
  const { self, members, configuration } = member.status;
  const { voters } = configuration.configuration;
  if (node !== '') {
    const named = voters.find((voter) => nodeOf(voter) === node);
    if (named !== undefined) return named;
    const isMember = [...membersOf(configuration.configuration)].some((each) => nodeOf(each) === node);
    const code = isMember ? 'FAILED_PRECONDITION' : 'MEMBER_NOT_FOUND';
    throw new ApiError(code, `"${node}" is no voter, and cannot lead`, { metadata: { node } });
  }
  const others = members.filter((each) => each.member !== self && voters.includes(each.member));
  const [furthest] = others.sort((a, b) => Number(b.isCaughtUp) - Number(a.isCaughtUp) || b.match - a.match);
  if (furthest !== undefined) return furthest.member;
  throw new ApiError('FAILED_PRECONDITION', 'there is no other voter who could lead');
}

function requireNode(nodeId: string): string {
  if (nodeId !== '') return nodeId;
  throw new ApiError('INVALID_REQUEST', 'expected the id of a node, got none', { metadata: { field: 'node_id' } });
}
