import {
  ApiError,
  type adminV1,
  checkHandshake,
  type Handlers,
  type logV1,
  type membershipV1,
  type raftV1,
} from '@commitlog/api';
import { memberId, type Problem, RaftHost } from '@commitlog/raft';
import { ReplicatedLog, type ReplicatedLogSettings, type ScrubProblem } from '@commitlog/replicated-log';
import type { Clock, Datagrams, Files, Random } from '@commitlog/runtime';
import { Gossip } from './cluster/gossip.js';
import { GossipKeys } from './cluster/gossip-keys.js';
import { leaveCluster } from './cluster/leaving.js';
import { PeerConnections } from './cluster/peer-connections.js';
import { Reconciler } from './cluster/reconciler.js';
import { Removals } from './cluster/removals.js';
import { Roster } from './cluster/roster.js';
import { Wakeup } from './cluster/wakeup.js';
import type { Configuration } from './configuration/settings.js';
import { AgentError } from './errors.js';
import type { DataDirectory, Identity } from './identity/data-directory.js';
import type { Logger } from './observability/logger.js';
import type { Metrics } from './observability/metrics.js';
import { handshakeOf } from './peers/handshake.js';
import { identify } from './peers/identify.js';
import type { KeyringFile } from './peers/keyring-file.js';
import type { PeerCredentials } from './peers/peer-credentials.js';
import { GrpcTransport } from './peers/raft-transport.js';
import { AdminService, successorOf } from './service/admin-service.js';
import { ClusterView } from './service/cluster-view.js';
import { toApiError } from './service/errors.js';
import { LogService } from './service/log-service.js';
import { membershipService } from './service/membership-service.js';

export interface ClusterNodeComponents {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
  readonly logger: Logger;
  readonly version: string;
  readonly directory: DataDirectory;
  readonly peers: PeerCredentials;
  readonly keyring: KeyringFile | undefined;
  readonly metrics: Metrics;
  /** The disk or the protocol has failed for good. */
  readonly onFailed: (error: unknown) => void;
}

/** What a node is made of. */
interface Parts {
  readonly identity: Identity;
  readonly gossip: Gossip;
  readonly roster: Roster;
  readonly wakeup: Wakeup;
  readonly transport: GrpcTransport;
  readonly host: RaftHost;
  readonly log: ReplicatedLog;
}

/** The log that there is. */
const logName = 'default';
/** How often the members are looked after, if nothing happens. */
const reconcileEveryMs = 1000;
/** How long a node may take to prove who it is. */
const proveMs = 1000;
/** How long a stop waits for another leader, or to be let go. */
const handOverMsMax = 5000;

/** This node's part in a cluster: its log, gossip, and who is to vote; and the services that go with them. */
export class ClusterNode {
  readonly view: ClusterView;
  readonly logService: Handlers<typeof logV1.LogDefinition>;
  readonly adminService: Handlers<typeof adminV1.AdminServiceDefinition>;
  readonly raftService: Handlers<typeof raftV1.RaftServiceDefinition>;
  readonly membershipService: Handlers<typeof membershipV1.MembershipServiceDefinition>;
  readonly #parts: Parts;
  readonly #with: ClusterNodeComponents;
  readonly #removals: Removals;
  readonly #reconciler: Reconciler;
  readonly #connections: PeerConnections;

  private constructor(configuration: Configuration, parts: Parts, components: ClusterNodeComponents) {
    this.#parts = parts;
    this.#with = components;
    const { identity, log, roster, wakeup, gossip, transport } = parts;
    const { clock, logger, version, peers, keyring } = components;
    const { clusterId, nodeId } = identity;
    const view = new ClusterView({ log, roster, gossip: () => gossip.members() });
    const removals = new Removals({ log, roster, wakeup });
    const gossipKeys = new GossipKeys({
      ...{ self: handshakeOf(identity), keyring, peers, logger },
      nodes: () => view.nodes().filter((node) => !removals.removed.has(node)),
      addressOf: (node) => roster.addressOf(node),
    });
    const stableMs = configuration['voter.stable-for'];
    this.view = view;
    this.#removals = removals;
    this.#reconciler = new Reconciler(
      {
        stableMs,
        graceMs: configuration['voter.replace-after'],
        everyMs: Math.min(reconcileEveryMs, stableMs),
        founding: { clusterId, targetVoters: configuration['target-voters'] },
      },
      { log, roster, clock, logger, wakeup },
    );
    this.#connections = new PeerConnections({ log, transport, wakeup });
    this.logService = new LogService({
      logOf: (name) => (name === logName ? log : undefined),
      servers: () => view.servers(),
    });
    this.adminService = new AdminService({
      ...{ clusterId, nodeId, version, log, logName },
      ...{ view, removals, wakeup, gossipKeys },
    });
    this.raftService = transport.handlers;
    this.membershipService = membershipService({
      self: handshakeOf(identity),
      gossip: gossip.exchanges.gossip,
      gossipKeys,
      remove: (node, signal) => this.#remove(node, signal),
    });
  }

  /** Opens this node's log. It takes part in nothing before `start`. */
  static async open(
    configuration: Configuration,
    identity: Identity,
    components: ClusterNodeComponents,
  ): Promise<ClusterNode> {
    const { clock, logger, peers, metrics, directory } = components;
    const self = handshakeOf(identity);
    const member = memberId(identity.nodeId, identity.storageId);
    const wakeup = new Wakeup({ clock });
    const onNews = (): void => wakeup.ring();
    const gossip = new Gossip(configuration, identity, {
      ...components,
      keyring: components.keyring?.keyring,
      credentials: peers.ofAnyNode,
      onNews,
    });
    const prove = (node: string, target: string) => proved(node, target, self, peers);
    const roster = new Roster(
      { self: member },
      { gossip: () => gossip.members(), gossipOf: (node) => gossip.member(node), prove, clock, logger },
    );
    const transport = new GrpcTransport(
      { self },
      {
        addressOf: (node) => roster.addressOf(node),
        credentials: peers.ofAnyNode,
        clock,
        onBroken: (node, lane, error) => logger.debug({ node, lane, error }, 'a stream to a peer is broken'),
      },
    );
    const onProblem = (problem: Problem | ScrubProblem): void => {
      metrics.problem(problem.kind);
      logger.warn({ problem }, 'something went wrong that stops nothing');
    };
    const host = new RaftHost({ tickMs: configuration['raft.heartbeat'] / 2 }, { transport, clock, onProblem });
    const log = await ReplicatedLog.open(logSettings(configuration, identity, directory.logPath(logName)), {
      ...components,
      host,
      onRole: (role, term, leader, cause) => {
        logger.info({ role, term, leader }, `raft: ${role} in term ${term}, since ${cause}`);
        wakeup.ring();
      },
      onProblem,
    });
    if (log.member.self !== member) {
      await log.close();
      const message = `the log in ${directory.path} is of "${log.member.self}", and the directory of "${member}": put back what belongs there, or join anew with an empty directory`;
      throw new AgentError('identity-damaged', message);
    }
    // From now on, a log that is missing is one that was lost.
    if (identity.state !== 'whole') await directory.save({ ...identity, state: 'whole' });
    return new ClusterNode(configuration, { identity, gossip, roster, wakeup, transport, host, log }, components);
  }

  get log(): ReplicatedLog {
    return this.#parts.log;
  }

  get gossip(): Gossip {
    return this.#parts.gossip;
  }

  get identity(): Identity {
    return this.#parts.identity;
  }

  /**
   * Takes part, once its services are served.
   *
   * @param port of the server
   * @param address where this node is to be dialled, as `host:port`
   */
  async start(port: number, address: string): Promise<void> {
    const { gossip, host } = this.#parts;
    await gossip.start(port, address);
    host.start();
    this.#connections.start();
    this.#reconciler.start();
  }

  /** Where this node leads, another is to, before this one stops. Where none can, or none does in time, it stops all the same. */
  async handOver(): Promise<void> {
    const { log, wakeup } = this.#parts;
    const { logger, clock } = this.#with;
    this.#reconciler.stop();
    if (!log.member.isLeader) return;
    try {
      const target = successorOf(log, '');
      const signal = abortedAfter(clock, handOverMsMax);
      // It gives up by itself after an election timeout.
      if (!(await log.member.transfer(target))) throw new Error(`${target} did not take over`);
      await wakeup.until(() => log.member.leader !== null, { everyMs: 20, signal });
      logger.info({ leader: log.member.leader }, 'leadership was handed over');
    } catch (error) {
      logger.info({ error }, 'leadership was not handed over: the others elect');
    }
  }

  /** Takes this node out of the cluster, for good. @throws when nobody does so in time */
  async leave(): Promise<void> {
    const { identity, wakeup, log, gossip } = this.#parts;
    const { clock, peers } = this.#with;
    await this.handOver();
    if (log.member.isLeader) throw new ApiError('FAILED_PRECONDITION', 'this node leads, and nobody else can');
    const leaderAddress = () => (log.member.isLeader ? undefined : this.view.leader?.address);
    const leaving = { self: handshakeOf(identity), leaderAddress, credentials: peers.ofAnyNode, wakeup };
    await leaveCluster(leaving, abortedAfter(clock, 2 * handOverMsMax));
    await gossip.leave();
  }

  /** Everything is synced when it resolves. */
  async close(): Promise<void> {
    const { gossip, log, host, transport } = this.#parts;
    this.#reconciler.stop();
    this.#connections.stop();
    await gossip.stop();
    await log.close();
    await host.stop();
    transport.close();
  }

  async #remove(node: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#removals.remove(node, signal);
    } catch (error) {
      throw toApiError(error, (id) => (this.view.leader?.id === id ? this.view.leader : undefined));
    }
  }
}

function logSettings(configuration: Configuration, identity: Identity, dir: string): ReplicatedLogSettings {
  const { clusterId, nodeId, storageId, state } = identity;
  const { 'retention.max-bytes': bytesMax, 'retention.max-age': ageMsMax } = configuration;
  return {
    id: logName,
    node: nodeId,
    dir,
    cluster: clusterId,
    storageId,
    create: state !== 'whole',
    ...(state === 'founding' && { founders: { voters: [memberId(nodeId, storageId)], learners: [] } }),
    segmentBytes: configuration['segment.max-bytes'],
    segmentMs: configuration['segment.max-age'],
    retention: { ...(bytesMax !== undefined && { bytesMax }), ...(ageMsMax !== undefined && { ageMsMax }) },
    scrub: { bytesPerSecond: configuration['scrub.rate'], everyMs: configuration['scrub.every'] },
    raft: {
      electionTimeoutMs: configuration['raft.election-timeout'],
      // A leader whose disk is silent for so long is no better than one that is silent itself.
      diskStallMs: configuration['raft.election-timeout'],
      heartbeatMs: configuration['raft.heartbeat'],
      inflightCountMax: 2,
      // Of what is on disk: what a client may have in flight, with room. A follower further behind is sent what is read from the disk again.
      cacheBytesMax: 6 * 1024 * 1024,
    },
  };
}

/** Asks a node who it is, and believes nobody else. */
async function proved(node: string, target: string, self: ReturnType<typeof handshakeOf>, peers: PeerCredentials) {
  const peer = await peers.ofNode(node);
  try {
    const theirs = await identify({ target, self, timeoutMs: proveMs }, peer);
    checkHandshake(theirs, { self, principal: { kind: 'node', cluster: '', nodeId: node } });
    return theirs;
  } finally {
    peer.close();
  }
}

function abortedAfter(clock: Clock, ms: number): AbortSignal {
  const abort = new AbortController();
  clock.after(ms, () => abort.abort(new ApiError('DEADLINE_EXCEEDED', `not within ${ms} ms`)));
  return abort.signal;
}
