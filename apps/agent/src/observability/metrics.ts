import type { CallObserver } from '@commitlog/api';
import type { AuditTrail, ServerTls } from '@commitlog/auth';
import type { Member as GossipMember, Membership } from '@commitlog/membership';
import type { ReplicatedLog, ScrubProgress } from '@commitlog/replicated-log';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is measured of it when it is asked for; each may come later than the metrics do. */
export interface MetricsComponents {
  readonly log: () => ReplicatedLog | undefined;
  readonly gossip: () => Membership | undefined;
  readonly tls: ServerTls | undefined;
  readonly audit: AuditTrail | undefined;
  readonly isReady: () => boolean;
  readonly traceViewers: () => number;
}

/** From a tenth of a millisecond to ten seconds. */
const secondsBuckets = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const gossipStatuses = ['alive', 'suspect', 'failed', 'left'] as const satisfies readonly GossipMember['status'][];

/** The agent in numbers, for Prometheus: docs/agent.md lists them. */
export class Metrics {
  readonly registry: Registry = new Registry();
  readonly #calls: Counter<'method' | 'code'>;
  readonly #seconds: Histogram<'method'>;
  readonly #problems: Counter<'kind'>;

  constructor({ node, version }: { readonly node: string; readonly version: string }, components: MetricsComponents) {
    const registers = [this.registry];
    const build = new Gauge({
      name: 'commitlog_build_info',
      help: 'Always 1; which version runs, and as which node.',
      labelNames: ['version', 'node'],
      registers,
    });
    build.set({ version, node }, 1);
    this.#calls = new Counter({
      name: 'commitlog_rpc_calls_total',
      help: 'Calls that have ended, by method and gRPC code.',
      labelNames: ['method', 'code'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'commitlog_rpc_seconds',
      help: 'How long calls took that are no streams.',
      labelNames: ['method'],
      buckets: secondsBuckets,
      registers,
    });
    this.#problems = new Counter({
      name: 'commitlog_problems_total',
      help: 'What went wrong and stopped nothing, by kind; the log says what it was.',
      labelNames: ['kind'],
      registers,
    });
    this.#gauge('commitlog_ready', 'Whether this node serves.', () => Number(components.isReady()));
    this.#gauge('commitlog_trace_viewers', 'How many watch the trace of this node.', components.traceViewers);
    this.#ofLog(components.log);
    this.#ofScrub(components.log);
    this.#ofGossip(components.gossip);
    this.#ofSecurity(components);
  }

  /** Counts calls that a server answers. */
  readonly observer: CallObserver = ({ method, isStream }) => ({
    ended: ({ code, durationMs }) => {
      this.#calls.inc({ method, code });
      if (!isStream) this.#seconds.observe({ method }, durationMs / 1000);
    },
  });

  problem(kind: string): void {
    this.#problems.inc({ kind });
  }

  #ofLog(log: MetricsComponents['log']): void {
    const of = (name: string, help: string, read: (log: ReplicatedLog) => number) =>
      this.#gauge(name, help, () => {
        const open = log();
        return open && read(open);
      });
    of('commitlog_raft_is_leader', 'Whether this node leads.', ({ member }) => Number(member.isLeader));
    of('commitlog_raft_has_leader', 'Whether this node knows a leader.', ({ member }) =>
      Number(member.leader !== null),
    );
    of('commitlog_raft_term', 'The current term.', ({ member }) => member.status.term);
    of(
      'commitlog_raft_commit_index',
      'The last batch known to be committed.',
      ({ member }) => member.status.commitIndex,
    );
    of('commitlog_raft_applied_index', 'The last batch that is served.', ({ member }) => member.appliedIndex);
    of(
      'commitlog_raft_last_index',
      'The last batch in the log, committed or not.',
      ({ member }) => member.status.lastIndex,
    );
    of(
      'commitlog_raft_unreadable_batches',
      'Batches that this disk cannot read, and that others are asked for.',
      ({ member }) => member.status.unreadable,
    );
    of(
      'commitlog_raft_voters',
      'Voters in the configuration.',
      ({ member }) => member.status.configuration.configuration.voters.length,
    );
    of(
      'commitlog_raft_learners',
      'Learners in the configuration.',
      ({ member }) => member.status.configuration.configuration.learners.length,
    );
    of('commitlog_log_start_offset', 'The oldest offset that can be read.', ({ firstOffset }) => firstOffset);
    of('commitlog_log_end_offset', 'One above the newest committed offset.', ({ endOffset }) => endOffset);
    of('commitlog_log_bytes', 'What the log takes on disk.', (open) => open.describe().bytes);
    of('commitlog_log_segments', 'Segments on disk.', (open) => open.describe().segments);
    of('commitlog_log_producers', 'Producers that are remembered.', (open) => open.describe().producers);
    of('commitlog_log_storage_refusing', 'Whether the disk is full.', ({ member }) =>
      Number(member.status.isStorageRefusing),
    );
  }

  #ofScrub(log: MetricsComponents['log']): void {
    const counter = (name: string, help: string, read: (progress: ScrubProgress) => number): void => {
      new Counter({
        name,
        help,
        registers: [this.registry],
        collect() {
          const open = log();
          this.reset();
          if (open !== undefined) this.inc(read(open.scrubbed));
        },
      });
    };
    counter('commitlog_scrub_bytes_total', 'Read to find damage, and whole.', ({ bytes }) => bytes);
    counter(
      'commitlog_scrub_rounds_total',
      'How often all of the log was read to find damage.',
      ({ rounds }) => rounds,
    );
    counter(
      'commitlog_scrub_damaged_batches_total',
      'Batches that were read to find damage, and are damaged.',
      ({ damagedBatches }) => damagedBatches,
    );
  }

  #ofGossip(gossip: MetricsComponents['gossip']): void {
    new Gauge({
      name: 'commitlog_gossip_members',
      help: 'Nodes that gossip knows, by how they are.',
      labelNames: ['status'],
      registers: [this.registry],
      collect() {
        const members = gossip()?.members() ?? [];
        for (const status of gossipStatuses) {
          this.set({ status }, members.filter((member) => member.status === status).length);
        }
      },
    });
    this.#gauge(
      'commitlog_gossip_health_score',
      'How slow this node finds itself: 0 is healthy.',
      () => gossip()?.healthScore,
    );
  }

  #ofSecurity({ tls, audit }: MetricsComponents): void {
    if (tls === undefined || audit === undefined) return;
    this.#gauge(
      'commitlog_tls_certificate_days_left',
      'Until this node needs another certificate.',
      () => tls.status.certificateDaysLeft,
    );
    this.#gauge(
      'commitlog_tls_authority_days_left',
      'Until the first authority expires.',
      () => tls.status.authorityDaysLeft,
    );
    this.#gauge(
      'commitlog_tls_revocations_days_left',
      'Until a revocation list is due.',
      () => tls.status.revocationsDaysLeft,
    );
    this.#gauge('commitlog_tls_connections', 'Connections with a certificate.', () => tls.status.connections);
    new Gauge({
      name: 'commitlog_audit_events',
      help: 'Events of security since the start, by kind.',
      labelNames: ['kind'],
      registers: [this.registry],
      collect() {
        for (const [kind, count] of Object.entries(audit.counts)) this.set({ kind }, count);
      },
    });
  }

  /** One that says nothing while there is nothing to say. */
  #gauge(name: string, help: string, read: () => number | undefined): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        const value = read();
        if (value === undefined) this.reset();
        else this.set(value);
      },
    });
  }
}
