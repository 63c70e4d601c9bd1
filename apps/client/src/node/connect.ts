import { ChannelCredentials, ClientTls, isLogName, pemFiles, type TlsMaterial, tracing } from '@commitlog/api';
import { nodeClock, nodeRandom } from '@commitlog/runtime/node';
import { bytes, type Codec } from '../codec.js';
import type { Commitlog } from '../commitlog.js';
import { CommitlogError } from '../errors.js';
import { LogHandle } from '../log-handle.js';
import { Session } from '../session.js';
import { type ConnectSettings, serversOf, type TlsSettings } from '../settings.js';
import { callerClock } from './clock.js';
import { observeAppends, observeCluster, observeReads } from './observation.js';

/**
 * Connects to a cluster.
 *
 * ```ts
 * await using log = await connect({ servers: 'n1.example:8400', tls: { ca: 'ca.crt', cert: 'me.crt', key: 'me.key' } });
 * ```
 *
 * @throws CommitlogError `INVALID_ARGUMENT` for settings that make no sense, certificates among them; `UNAVAILABLE` when no server has answered within
 * `deadlineMs`, unless `lazy`
 */
export async function connect<T = Uint8Array>(settings: ConnectSettings<T>): Promise<Commitlog<T>> {
  const { log = 'default', deadlineMs = 10_000, pendingBytesMax = 16 * mebibyte, lazy = false } = settings;
  const servers = serversOf(settings.servers);
  if (!isLogName(log)) throw invalid(`log: ${JSON.stringify(log)} is no name of a log`);
  requireWithin('deadlineMs', deadlineMs, 1, 2 ** 31 - 1);
  requireWithin('pendingBytesMax', pendingBytesMax, 2 * mebibyte, 2 ** 40);
  const { credentials, close } = await credentialsOf(settings);
  const session = new Session(
    { log, servers, deadlineMs, pendingBytesMax },
    {
      credentials,
      clock: callerClock,
      backgroundClock: nodeClock,
      random: nodeRandom,
      defer: (work) => process.nextTick(work),
      // A span for each call, so that servers' spans are joined to it.
      callObservers: [tracing()],
      laneObserver: observeAppends,
      readObserver: observeReads,
      onCluster: observeCluster,
      onClosed: close,
    },
  );
  try {
    if (!lazy) await session.connect();
  } catch (error) {
    await session.close();
    throw error;
  }
  // Without a codec, `T` is bytes.
  return new LogHandle<T>(session, settings.codec ?? (bytes() as unknown as Codec<T>));
}

const mebibyte = 1024 * 1024;

async function credentialsOf({ tls, insecure = false }: Pick<ConnectSettings, 'tls' | 'insecure'>) {
  if (tls === undefined && !insecure) {
    throw invalid('tls: expected { ca, cert, key }; for a cluster that runs without TLS, say insecure: true');
  }
  if (tls === undefined) return { credentials: ChannelCredentials.createInsecure(), close: () => {} };
  if (insecure) throw invalid('expected either tls or insecure: true, got both');
  try {
    const credentials = await ClientTls.open(materialOf(tls));
    return { credentials, close: () => credentials.close() };
  } catch (cause) {
    throw invalid(`tls: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

/** Loads what is a path again each time; what is PEM is there. */
function materialOf({ ca, cert, key }: TlsSettings): () => Promise<TlsMaterial> {
  const all = { ca, cert, key };
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined) throw new TypeError(`${name} is missing: a path, or PEM`);
  }
  const isPem = Object.values(all).map((value) => Buffer.isBuffer(value) || value.includes('-----BEGIN'));
  if (isPem.every((is) => is)) return async () => all;
  if (isPem.some((is) => is)) throw new TypeError('ca, cert and key must be three paths, or three times PEM');
  return pemFiles(all as Record<keyof typeof all, string>);
}

function requireWithin(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(`${name}: expected a whole number from ${min} to ${max}, got ${value}`);
}

function invalid(message: string, cause?: unknown): CommitlogError {
  return new CommitlogError('INVALID_ARGUMENT', message, { cause });
}
