import {
  ApiChannel,
  ApiError,
  adminV1,
  ChannelCredentials,
  ClientTls,
  pemFiles,
  type ServiceClient,
} from '@commitlog/api';
import type { Clock } from '@commitlog/runtime';
import type { Connection } from '../connection.js';
import { unreadable } from '../small-file.js';

export type AdminClient = ServiceClient<typeof adminV1.AdminServiceDefinition>;

/** How long it is waited before a cluster without a leader is asked again. */
const lookAgainMs = 100;

/**
 * An operator's way into a cluster: asks whichever server answers, or the leader. Within the connection's deadline, all in all.
 */
export class Admin {
  readonly #connection: Connection;
  readonly #credentials: ChannelCredentials;
  readonly #clock: Clock;
  readonly #deadlineAtMs: number;
  readonly #channels = new Map<string, ApiChannel>();

  private constructor(connection: Connection, credentials: ChannelCredentials, clock: Clock) {
    this.#connection = connection;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#deadlineAtMs = clock.monotonicMs() + connection.deadlineMs;
  }

  /** @throws CommandError `unreadable-file`; TlsMaterialError */
  static async open(connection: Connection, { clock }: { readonly clock: Clock }): Promise<Admin> {
    return new Admin(connection, await credentialsOf(connection), clock);
  }

  /** Asks the first server that answers. */
  async anyone<T>(ask: (client: AdminClient, timeoutMs: number) => Promise<T>): Promise<T> {
    const failures: string[] = [];
    let last: ApiError | undefined;
    for (const server of this.#connection.servers) {
      try {
        return await ask(this.#client(server), this.#timeLeftMs());
      } catch (error) {
        if (!(error instanceof ApiError) || !isNoAnswer(error)) throw error;
        // grpc-js announces a note also where it has none.
        failures.push(`${server}: ${error.message.replace(/\s*Resolution note:\s*$/, '')}`);
        last = error;
      }
    }
    throw new ApiError(last!.code, `no server answers. ${failures.join('; ')}`, { cause: last });
  }

  /**
   * Asks the leader, whichever server knows it; waits for an election.
   *
   * @throws ApiError `NO_LEADER` when there is none within the deadline
   */
  async leader<T>(ask: (client: AdminClient, timeoutMs: number) => Promise<T>): Promise<T> {
    for (;;) {
      const { leaderAddress } = await this.anyone((client, timeoutMs) => client.getClusterStatus({}, { timeoutMs }));
      try {
        if (leaderAddress !== '') return await ask(this.#client(leaderAddress), this.#timeLeftMs());
      } catch (error) {
        if (!(error instanceof ApiError) || !['NOT_LEADER', 'NO_LEADER'].includes(error.code)) throw error;
      }
      if (this.#clock.monotonicMs() + lookAgainMs >= this.#deadlineAtMs) {
        throw new ApiError('NO_LEADER', `the cluster had no leader for ${this.#connection.deadlineMs} ms`);
      }
      await new Promise<void>((resolve) => void this.#clock.after(lookAgainMs, resolve));
    }
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    if (this.#credentials instanceof ClientTls) this.#credentials.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #client(target: string): AdminClient {
    let channel = this.#channels.get(target);
    if (channel === undefined) {
      channel = new ApiChannel({ target }, { credentials: this.#credentials });
      this.#channels.set(target, channel);
    }
    return channel.client(adminV1.AdminServiceDefinition);
  }

  #timeLeftMs(): number {
    return Math.max(this.#deadlineAtMs - this.#clock.monotonicMs(), 1);
  }
}

/** Whether another server may know more. */
function isNoAnswer({ code }: ApiError): boolean {
  return code === 'UNAVAILABLE' || code === 'STOPPING' || code === 'NODE_FAILED' || code === 'DEADLINE_EXCEEDED';
}

async function credentialsOf({ tls }: Connection): Promise<ChannelCredentials> {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  try {
    // A command is done before its certificates change.
    return await ClientTls.open(pemFiles(tls), { reloadMs: 0 });
  } catch (error) {
    throw unreadable(error, (error as { path?: string }).path ?? 'a file of --tls-ca, --tls-cert or --tls-key');
  }
}
