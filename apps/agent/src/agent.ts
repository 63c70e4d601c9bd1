import { ApiServer, adminV1, logV1, membershipV1, raftV1 } from '@commitlog/api';
import type { Address, Clock, Datagrams, Files, Random } from '@commitlog/runtime';
import { Closing } from './closing.js';
import { ClusterNode } from './cluster-node.js';
import { addressText } from './configuration/kinds.js';
import type { Configuration } from './configuration/settings.js';
import { AgentError } from './errors.js';
import { DataDirectory } from './identity/data-directory.js';
import { settleIdentity } from './identity/settle-identity.js';
import type { EndpointAnswer, EndpointRequest } from './observability/endpoints.js';
import { Endpoints } from './observability/endpoints.js';
import type { Logger } from './observability/logger.js';
import { Metrics } from './observability/metrics.js';
import { TraceStreams } from './observability/trace-streams.js';
import { identify } from './peers/identify.js';
import { KeyringFile } from './peers/keyring-file.js';
import { type NodeSecurity, openSecurity } from './security/node-security.js';

/** Where something listens, and how it ends. */
export interface HttpListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface AgentComponents {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
  readonly logger: Logger;
  /** Serves plain HTTP. */
  readonly serveHttp: (
    at: Address,
    answer: (request: EndpointRequest) => Promise<EndpointAnswer>,
  ) => Promise<HttpListener>;
  /** The page of `/timeline`: HTML that shows the traces of the nodes that it is told to watch, of these origins besides its own and loopback. */
  readonly timelinePage: (init: { readonly origins: readonly string[] }) => string;
  readonly version: string;
  /** The node's disk, or the protocol, has failed for good: the process should end, and not pretend that all is well. */
  readonly onFailed?: (error: unknown) => void;
}

/** How long a node is waited for that may be there, before a cluster is founded or joined. */
const identifyMs = 1000;

type Phase = 'starting' | 'serving' | 'stopping' | 'failed';

/** One node of a cluster: everything below, composed into a running server. */
export class Agent {
  readonly #configuration: Configuration;
  readonly #with: AgentComponents;
  readonly #closing: Closing;
  readonly #trace: TraceStreams;
  readonly #abort = new AbortController();
  #phase: Phase = 'starting';
  #security: NodeSecurity | undefined;
  #keyring: KeyringFile | undefined;
  #server: ApiServer | undefined;
  #node: ClusterNode | undefined;
  #admin: HttpListener | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(configuration: Configuration, components: AgentComponents) {
    this.#configuration = configuration;
    this.#with = components;
    this.#closing = new Closing(components);
    this.#trace = new TraceStreams(components);
  }

  /**
   * Resolves when this node serves. One that is to join waits for a node to join.
   *
   * @throws AgentError, AuthError, LogError, RaftError, LockedError: what keeps it from serving, and then nothing is left running
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch(async (error: unknown) => {
      await this.#closing.closeAll();
      throw error;
    });
    return this.#starting;
  }

  /** Hands leadership over, ends streams with `STOPPING`, and closes everything, synced. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Where clients and nodes connect to, as `host:port`. */
  get address(): string {
    const { advertise, listen } = this.#configuration;
    const { host, port } = advertise ?? listen;
    return addressText({ host, port: port === 0 ? this.#running.server.port : port });
  }

  /** Where health, metrics and build information are served, as `host:port`. */
  get adminAddress(): string {
    if (this.#admin === undefined) throw new TypeError('the agent has not started');
    return addressText({ host: this.#configuration['admin-addr'].host, port: this.#admin.port });
  }

  /** This node's part in the cluster. */
  get node(): ClusterNode {
    return this.#running.node;
  }

  /** Reads certificates, policy and keyring anew. What cannot be used changes nothing, and is logged. */
  async reload(): Promise<void> {
    const { logger } = this.#with;
    const failed = (error: unknown) =>
      logger.error({ error }, 'not everything could be read anew: what was there goes on');
    await Promise.all([this.#security?.reload().catch(failed), this.#keyring?.reload().catch(failed)]);
    logger.info({}, 'read certificates, policy and keyring anew');
  }

  get #running(): { readonly server: ApiServer; readonly node: ClusterNode } {
    if (this.#server !== undefined && this.#node !== undefined) return { server: this.#server, node: this.#node };
    throw new TypeError('the agent does not serve: await start()');
  }

  async #start(): Promise<void> {
    const { clock, files, random, logger, version } = this.#with;
    const configuration = this.#configuration;
    this.#security = await openSecurity(configuration, this.#with);
    const { nodeId } = this.#security;
    this.#closing.add('security', () => this.#security!.stop());
    const metrics = new Metrics(
      { node: nodeId, version },
      {
        log: () => this.#node?.log,
        gossip: () => this.#node?.gossip.membership,
        tls: this.#security.tls,
        audit: this.#security.audit,
        isReady: () => this.#phase === 'serving',
        traceViewers: () => this.#trace.viewers,
      },
    );
    await this.#serveAdmin(metrics, nodeId);
    const keyringPath = configuration['gossip.keyring'];
    if (keyringPath !== undefined) this.#keyring = await KeyringFile.open(keyringPath, { files });

    const directory = await DataDirectory.open(configuration['data-dir'], { files });
    this.#closing.add('the data directory', () => directory.close());
    const { advertise, listen, join, bootstrap, 'cluster-name': clusterName } = configuration;
    const advertised = advertise ?? listen;
    const { peers } = this.#security;
    const identity = await settleIdentity(
      directory,
      {
        nodeId,
        clusterName,
        bootstrap,
        join: join.map(addressText),
        advertised: advertised.port === 0 ? undefined : addressText(advertised),
      },
      {
        identify: (target, self) => identify({ target, self, timeoutMs: identifyMs }, { credentials: peers.ofAnyNode }),
        ...{ random, clock, logger, signal: this.#abort.signal },
      },
    );
    this.#node = await ClusterNode.open(configuration, identity, {
      ...this.#with,
      directory,
      peers,
      keyring: this.#keyring,
      metrics,
      onFailed: (error) => this.#failed(error),
    });
    this.#closing.add('the node', () => this.#node!.close());
    this.#requireGoingOn();
    await this.#serve(this.#node, metrics);
    await this.#node.start(this.#server!.port, this.address);
    this.#requireGoingOn();
    const { clusterId, storageId } = identity;
    this.#trace.start({ clusterId, nodeId, member: this.#node.log.member });
    this.#closing.add('the trace', () => this.#trace.close());
    this.#server!.setServing(true);
    this.#phase = 'serving';
    logger.info({ node: nodeId, clusterId, storageId, address: this.address, version }, 'serving');
  }

  async #serveAdmin(metrics: Metrics, node: string): Promise<void> {
    const { serveHttp, version, timelinePage } = this.#with;
    const { 'admin-addr': at, 'timeline.remote': isRemote, 'timeline.origins': origins } = this.#configuration;
    const endpoints = new Endpoints({
      metrics,
      notReady: () => (this.#phase === 'serving' ? undefined : this.#phase),
      notAlive: () => (this.#phase === 'failed' ? 'failed' : undefined),
      build: { name: 'commitlog-agent', version, node },
      trace: this.#trace,
      timelinePage: () => timelinePage({ origins }),
      timelineAccess: { isRemote, origins, host: at.host },
    });
    const answer = endpoints.answer.bind(endpoints);
    this.#admin = await serveHttp(at, answer);
    this.#closing.add('the admin address', () => this.#admin!.close());
  }

  async #serve(node: ClusterNode, metrics: Metrics): Promise<void> {
    const { serverCredentials: credentials, security } = this.#security!;
    const { logger } = this.#with;
    const server = new ApiServer(
      { address: addressText(this.#configuration.listen) },
      {
        credentials,
        security,
        observers: [metrics.observer],
        onDefect: ({ id, method, error }) => {
          metrics.problem('defect');
          logger.error({ id, method, error }, 'a defect: clients are told its id');
        },
      },
    );
    server.serve(logV1.LogDefinition, node.logService);
    server.serve(adminV1.AdminServiceDefinition, node.adminService);
    server.serve(raftV1.RaftServiceDefinition, node.raftService);
    server.serve(membershipV1.MembershipServiceDefinition, node.membershipService);
    server.setServing(false);
    await server.start();
    this.#server = server;
    this.#closing.add('the server', () => server.stop());
  }

  async #stop(): Promise<void> {
    const { logger } = this.#with;
    const wasServing = this.#phase === 'serving';
    if (this.#phase !== 'failed') this.#phase = 'stopping';
    this.#abort.abort(new AgentError('stopped', 'the agent was stopped'));
    await this.#starting?.catch(() => {});
    logger.info({}, 'stopping');
    this.#server?.setServing(false);
    if (wasServing && this.#configuration['leave-on-stop']) {
      await this.#node!.leave().catch((error: unknown) => {
        logger.error({ error }, 'this node could not leave, and is still a member: remove it with an admin call');
      });
    } else if (wasServing) await this.#node!.handOver();
    await this.#closing.closeAll();
    logger.info({}, 'stopped');
  }

  #failed(error: unknown): void {
    this.#phase = 'failed';
    // A start that is under way is to end with it, and not to say that this node serves.
    this.#abort.abort(error);
    this.#server?.setServing(false);
    this.#with.logger.error({ error }, 'this node has failed for good, and serves nothing any more');
    this.#with.onFailed?.(error);
  }

  #requireGoingOn(): void {
    this.#abort.signal.throwIfAborted();
  }
}
