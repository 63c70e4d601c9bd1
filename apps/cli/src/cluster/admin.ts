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

  /** Asks the first server that answers. One that is reached and says nothing leaves time for the others. */
  async anyone<T>(ask: (client: AdminClient, timeoutMs: number) => Promise<T>): Promise<T> {
    const { servers } = this.#connection;
    const failures: string[] = [];
    let last: ApiError | undefined;
    for (const [at, server] of servers.entries()) {
      const client = this.#client(server);
      const others = servers.length - at - 1;
      try {
        // Something small first: what is asked for may take its time.
        if (others > 0) await client.getClusterStatus({}, { timeoutMs: this.#timeLeftMs() / (others + 1) });
        return await ask(client, this.#timeLeftMs());
      } catch (error) {
        if (!(error instanceof ApiError) || !isNoAnswer(error)) throw error;
        failures.push(`${server}: ${wordsOf(error)}`);
        last = error;
      }
    }
    throw new ApiError(last!.code, `no server answers. ${failures.join('; ')}`, { cause: last });
  }

  /**
   * Asks the leader, whichever server knows it; waits for an election, also where the leader that is known does not answer.
   *
   * @throws ApiError `NO_LEADER` when there is none within the deadline
   */
  async leader<T>(ask: (client: AdminClient, timeoutMs: number) => Promise<T>): Promise<T> {
    for (;;) {
      const { leaderId, leaderAddress } = await this.anyone((client, timeoutMs) =>
        client.getClusterStatus({}, { timeoutMs }),
      );
      let why = 'the cluster had no leader';
      if (leaderAddress !== '') {
        const client = this.#client(leaderAddress);
        // Something that changes nothing first: it may be asked again, of whoever leads then.
        const silence = await silenceOf(client.getClusterStatus({}, { timeoutMs: this.#timeLeftMs() / 2 }));
        if (silence === undefined) {
          try {
            return await ask(client, this.#timeLeftMs());
          } catch (error) {
            if (!(error instanceof ApiError) || !['NOT_LEADER', 'NO_LEADER'].includes(error.code)) throw error;
          }
        } else
          why = `the leader, ${leaderId} at ${leaderAddress}, does not answer (${wordsOf(silence)}), and there was no other`;
      }
      if (this.#clock.monotonicMs() + lookAgainMs >= this.#deadlineAtMs) {
        throw new ApiError('NO_LEADER', `${why} for ${this.#connection.deadlineMs} ms`);
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

/** Why a server does not answer; nothing if it does. */
async function silenceOf(answer: Promise<unknown>): Promise<ApiError | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && isNoAnswer(error)) return error;
    throw error;
  }
}

/** grpc-js announces a note also where it has none. */
function wordsOf({ message }: ApiError): string {
  return message.replace(/\s*Resolution note:\s*$/, '');
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
