import type { Clock, Files, Timer } from '@commitlog/runtime';
import type { ServerCredentials } from '@grpc/grpc-js';
import type { Audit } from '../audit.js';
import { AuthError, wordsOf } from '../errors.js';
import { type GiveWay, givingWay } from '../give-way.js';
import { type Connection, LiveCredentials, tryOut } from '../grpc/live-credentials.js';
import { WatchedFiles } from '../watched-files.js';
import { type CredentialPaths, type Credentials, readCredentials } from './credential-files.js';
import { listFileBytesMax } from './list-file.js';
import { chainOf, Peer, type PresentedChain } from './peer.js';
import { type Joined, Revocations } from './revocations.js';

/** Settings of {@link openServerTls}. */
export interface ServerTlsSettings extends CredentialPaths {
  /** How often the files are looked at, 10 to 60,000 ms. 1,000 unless told: a change holds two seconds later at most. */
  readonly pollMs?: number;
  /** How often connections are asked whether their certificate still holds, 10 to 60,000 ms. 10,000 unless told. */
  readonly sweepMs?: number;
  /** How long a handshake may take from the first byte to the last, 100 to 60,000 ms. 5,000 unless told. */
  readonly handshakeTimeoutMs?: number;
}

export interface ServerTlsComponents {
  readonly files: Files;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** What can be said of a server's credentials now: metrics. Days have fractions, and are negative for what is past. */
export interface ServerTlsStatus {
  /** Until the server's certificate, or one that it needs, expires. */
  readonly certificateDaysLeft: number;
  /** Until the first authority expires: by the last of its certificates, where it was renewed. */
  readonly authorityDaysLeft: number;
  /** Until a revocation list should have been replaced; missing where there is none. */
  readonly revocationsDaysLeft: number | undefined;
  readonly connections: number;
  /** Connections that were ended because of their certificate. */
  readonly connectionsEnded: number;
  /** Times that new files were put to use, and that they were refused. */
  readonly changes: number;
  readonly refusals: number;
}

const fileBytesMax = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Reads a server's credentials, and refuses to begin with what no handshake could use. Of revocation lists it takes what the files say, however old: it remembers
 * nothing of an earlier run.
 *
 * @throws AuthError `settings`, `file`, `key-exposed` or `certificates`
 */
export async function openServerTls(settings: ServerTlsSettings, components: ServerTlsComponents): Promise<ServerTls> {
  const tls = new ServerTls(settings, components);
  await tls.load();
  return tls;
}

/**
 * Mutual TLS 1.3 for a gRPC server. Certificate, key, authorities and revocation lists are swapped when their files change, as a whole and without touching a stream;
 * files that cannot be used change nothing, and are reported. Connections whose certificate was revoked, has expired, or has lost its authority end at the next sweep.
 *
 * Revocation lists are different in two ways. A file of them that can be read holds although the other files cannot be used. And each authority's list is swapped by
 * itself: a newer one holds, and in the place of one that is lost or not newer the list held is heeded on until the server starts anew, which is reported
 * (`revocations-kept`). A file of lists of which one cannot be read changes none.
 */
export class ServerTls {
  readonly #settings: ServerTlsSettings & { readonly sweepMs: number; readonly handshakeTimeoutMs: number };
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #watched: WatchedFiles;
  readonly #peers: Map<Connection, Peer> = new Map();
  #credentials: Credentials | undefined;
  /** The revocation lists of these, as they were read, with those that were passed over. */
  #lists: Buffer | undefined;
  /** What was last said about lists that are heeded on. */
  #warnings: readonly string[] = [];
  #live: LiveCredentials | undefined;
  #sweep: Timer | undefined;
  #changes = 0;
  #refusals = 0;
  #ended = 0;

  constructor(settings: ServerTlsSettings, { files, clock, audit }: ServerTlsComponents) {
    const { pollMs = 1000, sweepMs = 10_000, handshakeTimeoutMs = 5000 } = settings;
    requireMs('pollMs', pollMs, 10);
    requireMs('sweepMs', sweepMs, 10);
    requireMs('handshakeTimeoutMs', handshakeTimeoutMs, 100);
    this.#settings = { ...settings, sweepMs, handshakeTimeoutMs };
    this.#clock = clock;
    this.#audit = audit;
    const { certificate, key, authorities, revocations } = settings;
    this.#watched = new WatchedFiles(
      {
        watched: [
          { path: certificate, bytesMax: fileBytesMax },
          { path: key, bytesMax: fileBytesMax, isSecret: true },
          { path: authorities, bytesMax: fileBytesMax },
          ...(revocations === undefined ? [] : [{ path: revocations, bytesMax: listFileBytesMax }]),
        ],
        pollMs,
      },
      {
        files,
        clock,
        apply: (contents) => this.#apply(contents),
        applyPart: (contents) => this.#applyRevocations(contents[3]),
        onRefused: (reason) => {
          this.#refusals += 1;
          audit.record({ kind: 'certificates-refused', reason });
        },
      },
    );
  }

  /** For `bindAsync` of a gRPC server, or of several. */
  get credentials(): ServerCredentials {
    return this.#live!;
  }

  get status(): ServerTlsStatus {
    const nowMs = this.#clock.wallMs();
    const { certificateExpiresMs, authorityExpiresMs, authorityValidities, revocations } = this.#credentials!;
    const nextUpdateMs = revocations.nextUpdateMs(authorityValidities);
    const daysUntil = (ms: number): number => (ms - nowMs) / dayMs;
    return {
      certificateDaysLeft: daysUntil(certificateExpiresMs),
      authorityDaysLeft: daysUntil(authorityExpiresMs),
      revocationsDaysLeft: nextUpdateMs === undefined ? undefined : daysUntil(nextUpdateMs),
      connections: this.#peers.size,
      connectionsEnded: this.#ended,
      changes: this.#changes,
      refusals: this.#refusals,
    };
  }

  /**
   * Why a server that this node has dialled is not to be believed, or `undefined` where it is: its certificate was revoked, say. TLS has verified it already.
   * Bound, to be handed to whatever dials.
   *
   * @param certificate with those of its issuers, as `checkServerIdentity` of Node's TLS gets it
   */
  readonly problemOfServer = (certificate: PresentedChain): Error | undefined => {
    const { authorities } = this.#credentials!;
    let problem: string | undefined;
    try {
      problem = new Peer(chainOf(certificate), authorities).problem(this.#credentials!, this.#clock.wallMs());
    } catch (error) {
      problem = `its certificates cannot be read: ${wordsOf(error)}`;
    }
    return problem === undefined ? undefined : new AuthError('certificates', `the server is not believed: ${problem}`);
  };

  /** Reads the files for the first time: {@link openServerTls} has done it. */
  async load(): Promise<void> {
    await this.#watched.load();
  }

  /** Watches files and connections from now on. */
  start(): void {
    if (this.#sweep !== undefined) return;
    this.#watched.start();
    this.#scheduleSweep();
  }

  /** Stops watching. Connections stay as they are: they end with their server. */
  async stop(): Promise<void> {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    await this.#watched.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Reads the files now, as SIGHUP asks for. @returns whether they are in use, though of lists that are not newer those held are heeded on */
  reload(): Promise<boolean> {
    return this.#watched.reload();
  }

  async #apply(contents: readonly Buffer[]): Promise<void> {
    const giveWay = this.#giveWay();
    const reading = { nowMs: this.#clock.wallMs(), inUse: this.#credentials, giveWay };
    const read = await readCredentials(this.#settings, contents, reading);
    const { revocations, warnings } = await this.#joined(read.revocations, giveWay);
    const next = { ...read, revocations };
    try {
      tryOut(next);
    } catch (error) {
      throw new AuthError('certificates', `OpenSSL does not take the credentials: ${wordsOf(error)}`, { cause: error });
    }
    this.#credentials = next;
    this.#lists = contents[3];
    if (this.#live === undefined) {
      this.#live = new LiveCredentials(next, this.#settings.handshakeTimeoutMs, (connection) =>
        this.#admit(connection),
      );
      return;
    }
    this.#live.swap(next);
    this.#changes += 1;
    const expires = new Date(next.certificateExpiresMs).toISOString();
    this.#audit.record({
      kind: 'certificates-changed',
      what: `certificate until ${expires}, ${next.authorityValidities.size} authorities, ${next.revocations.size} revoked`,
    });
    this.#warn(warnings);
    this.#endUntrusted();
  }

  /**
   * Revocation lists hold even where nothing else of what was read does: whoever was revoked must not stay because the server's own certificate has expired.
   *
   * @throws AuthError `certificates`
   */
  async #applyRevocations(lists: Buffer | undefined): Promise<void> {
    const path = this.#settings.revocations;
    if (path === undefined || lists === undefined || this.#lists?.equals(lists)) return;
    const { authorities } = this.#credentials!;
    // The list of an authority that is to be added may be there before its certificate can be read.
    const reading = { giveWay: this.#giveWay(), passesOverOthers: true };
    const read = await Revocations.read(lists, path, authorities, reading);
    // Where all are of others, the refusal of the whole has said so.
    if (read.isEmpty) return;
    const { revocations, warnings } = await this.#joined(read, reading.giveWay);
    this.#credentials = { ...this.#credentials!, revocations, lists: undefined };
    this.#lists = lists;
    this.#changes += 1;
    this.#audit.record({
      kind: 'certificates-changed',
      what: `revocations alone, ${revocations.size} revoked: the other files were refused`,
    });
    this.#warn(warnings);
    this.#endUntrusted();
  }

  /** At the start nobody waits for anything else. */
  #giveWay(): GiveWay {
    return this.#live === undefined ? () => undefined : givingWay(this.#clock);
  }

  /** Lists that were read, and those that are heeded on. @throws AuthError `certificates` when these are too many */
  async #joined(read: Revocations, giveWay: GiveWay): Promise<Joined> {
    const path = this.#settings.revocations;
    const held = this.#credentials?.revocations;
    // The same where their file and the authorities are.
    if (path === undefined || held === undefined || read === held)
      return { revocations: read, warnings: this.#warnings };
    try {
      return await read.after(held, giveWay);
    } catch (error) {
      throw new AuthError('certificates', `${path}: ${wordsOf(error)}`, { path, cause: error });
    }
  }

  /** Once for each: a list that is lost is so at every change of another. */
  #warn(warnings: readonly string[]): void {
    for (const warning of warnings.filter((each) => !this.#warnings.includes(each)))
      this.#audit.record({ kind: 'revocations-kept', reason: `${this.#settings.revocations}: ${warning}` });
    this.#warnings = warnings;
  }

  #admit(connection: Connection): void {
    let peer: Peer;
    try {
      peer = new Peer(connection.presented, this.#credentials!.authorities);
    } catch (error) {
      const reason = `its certificates cannot be read: ${wordsOf(error)}`;
      this.#end(connection, { name: '', serialNumber: '' }, reason);
      return;
    }
    if (this.#endIfUntrusted(connection, peer)) return;
    this.#peers.set(connection, peer);
    connection.onClose(() => this.#peers.delete(connection));
  }

  #scheduleSweep(): void {
    this.#sweep = this.#clock.after(this.#settings.sweepMs, () => {
      this.#endUntrusted();
      this.#scheduleSweep();
    });
  }

  #endUntrusted(): void {
    for (const [connection, peer] of this.#peers) {
      if (this.#endIfUntrusted(connection, peer)) this.#peers.delete(connection);
    }
  }

  #endIfUntrusted(connection: Connection, peer: Peer): boolean {
    const reason = peer.problem(this.#credentials!, this.#clock.wallMs());
    if (reason === undefined) return false;
    this.#end(connection, peer, reason);
    return true;
  }

  #end(connection: Connection, { name, serialNumber }: Pick<Peer, 'name' | 'serialNumber'>, reason: string): void {
    connection.destroy();
    this.#ended += 1;
    this.#audit.record({ kind: 'connection-ended', subject: name, serialNumber, from: connection.from, reason });
  }
}

function requireMs(name: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min && value <= 60_000) return;
  throw new AuthError('settings', `${name} must be an integer from ${min} to 60000 ms, got ${value}`);
}
