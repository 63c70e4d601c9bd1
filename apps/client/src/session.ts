import { ApiChannel, type CallObserver, type ChannelCredentials, logV1, type ServiceClient } from '@commitlog/api';
import type { Clock, Random, Timer } from '@commitlog/runtime';
import { Lane, type LaneObserver, type LaneSettings } from './append/lane.js';
import { ProducerWire } from './append/wire.js';
import { Directory } from './cluster/directory.js';
import { serveDirectory } from './cluster/resolver.js';
import { CommitlogError } from './errors.js';
import { closed } from './failures.js';
import type { LogReading } from './read/log-reading.js';
import type { ReadObserver } from './read/stream.js';

export interface SessionInit {
  /** The log's name. */
  readonly log: string;
  readonly servers: readonly string[];
  readonly deadlineMs: number;
  readonly pendingBytesMax: number;
}

/** The outside, and whoever wants to know what happens. */
export interface SessionComponents {
  readonly credentials: ChannelCredentials;
  readonly clock: Clock;
  /** One whose timers keep no process alive. */
  readonly backgroundClock: Clock;
  readonly random: Random;
  readonly defer: (work: () => void) => void;
  readonly callObservers?: readonly CallObserver[];
  readonly laneObserver?: (log: string) => LaneObserver;
  readonly readObserver?: ReadObserver;
  /** Told when the servers, or who leads, have changed. */
  readonly onCluster?: (directory: Directory) => void;
  /** Ends what the session was given. */
  readonly onClosed?: () => void;
}

/** A producer's lane, and what ends its connection. */
export interface OpenLane {
  readonly lane: Lane;
  readonly release: () => void;
}

/** How often servers are asked who is there while all is well, in ms. */
const refreshEveryMs = 30_000;
/** How long one question who is there may take, in ms. */
const askMs = 1000;
/** How long until somebody is asked again, where nobody has answered. */
const lookAgainMs = 50;

/** The connections to a cluster, and everybody who uses them. */
export class Session {
  readonly init: SessionInit;
  readonly directory: Directory;
  readonly client: ServiceClient<typeof logV1.LogDefinition>;
  readonly components: SessionComponents;
  readonly #channel: ApiChannel;
  readonly #forget: () => void;
  readonly #lanes = new Set<Lane>();
  readonly #readings = new Set<LogReading<unknown>>();
  #appends: Lane | undefined;
  #closing: Promise<void> | undefined;
  #refreshTimer: Timer | undefined;

  constructor(init: SessionInit, components: SessionComponents) {
    this.init = init;
    this.components = components;
    const ask = async () => {
      const { servers, term } = await this.client.getServers({}, { timeoutMs: Math.min(askMs, init.deadlineMs) });
      return {
        term: Number(term),
        servers: servers.map(({ id, rpcAddr, isLeader }) => ({ id, address: rpcAddr, isLeader })),
      };
    };
    this.directory = new Directory(init.servers, { ask });
    this.directory.onChange(() => components.onCluster?.(this.directory));
    const { target, forget } = serveDirectory(this.directory);
    this.#forget = forget;
    this.#channel = new ApiChannel(
      { target, deadlineMs: init.deadlineMs, options: { 'grpc.enable_http_proxy': 0 } },
      { credentials: components.credentials, observers: components.callObservers ?? [] },
    );
    this.client = this.#channel.client(logV1.LogDefinition);
    this.#refreshLater();
  }

  /** Servers that joined are found out, also while nothing goes wrong. */
  #refreshLater(): void {
    this.#refreshTimer = this.components.backgroundClock.after(refreshEveryMs, () => {
      // Where nobody was asked yet, nobody is.
      if (this.directory.term > 0) void this.directory.refresh();
      this.#refreshLater();
    });
  }

  /** Finds a server, and who leads. @throws CommitlogError `UNAVAILABLE` */
  async connect(): Promise<void> {
    const { clock } = this.components;
    const { deadlineMs } = this.init;
    let timer: Timer | undefined;
    const isLate = new Promise<true>((resolve) => {
      timer = clock.after(deadlineMs, () => resolve(true));
    });
    try {
      while (!(await Promise.race([this.directory.refresh(), isLate.then(() => undefined)]))) {
        const pause = new Promise<false>((resolve) => clock.after(lookAgainMs, () => resolve(false)));
        if (await Promise.race([isLate, pause])) throw this.#unreached();
      }
    } finally {
      timer?.cancel();
    }
  }

  #unreached(): CommitlogError {
    const { deadlineMs, servers } = this.init;
    const { trouble } = this.directory;
    const why = trouble instanceof Error ? `: ${trouble.message}` : '';
    const message = `no server of ${servers.join(', ')} has answered within ${deadlineMs} ms${why}`;
    return new CommitlogError('UNAVAILABLE', message, { retryable: true, cause: trouble });
  }

  /** The lane of all appends that are no producer's. */
  get appends(): Lane {
    this.#appends ??= this.openLane(this.#drawName(), { mode: 'independent', isNamed: false }).lane;
    return this.#appends;
  }

  /** @throws CommitlogError `CLOSED` */
  openLane(name: string | undefined, how: Pick<LaneSettings, 'mode' | 'isNamed'>): OpenLane {
    if (this.#closing !== undefined) throw closed('the log', { outcome: 'not-applied' });
    const { clock, random, defer, laneObserver } = this.components;
    const { log, deadlineMs, pendingBytesMax } = this.init;
    const producer = name ?? this.#drawName();
    const { client, directory } = this;
    const wire = new ProducerWire({ log, name: producer, deadlineMs }, { client, directory, clock });
    const observer = laneObserver?.(log);
    const lane = new Lane(
      { deadlineMs, pendingBytesMax, ...how },
      { wire, clock, random, defer, ...(observer !== undefined && { observer }) },
    );
    wire.attach(lane);
    this.#lanes.add(lane);
    const release = (): void => {
      wire.close();
      this.#lanes.delete(lane);
    };
    return { lane, release };
  }

  /** @throws CommitlogError `CLOSED` */
  addReading<T>(reading: LogReading<T>): void {
    this.#readings.add(reading as LogReading<unknown>);
  }

  removeReading<T>(reading: LogReading<T>): void {
    this.#readings.delete(reading as LogReading<unknown>);
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Never throws, and takes at most `deadlineMs`: every append is settled by then. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#refreshTimer?.cancel();
    for (const reading of [...this.#readings]) reading.end('disconnected');
    for (const lane of this.#lanes) lane.close('the log');
    for (const lane of this.#lanes) {
      while (lane.pending > 0) await new Promise<void>((resolve) => lane.onProgress(resolve));
      lane.abandon(closed('the log'));
    }
    this.#channel.close();
    this.#forget();
    this.components.onClosed?.();
  }

  /** Nobody else has it: what is opened again under it fences what this client itself has sent before. */
  #drawName(): string {
    return Buffer.from(this.components.random.bytes(16)).toString('hex');
  }
}
