import { type Command, InvalidArgumentError } from 'commander';
import { CommandError } from './errors.js';
import type { Invocation } from './invocation.js';
import { addresses, duration } from './kinds.js';

/** How a cluster is reached. */
export interface Connection {
  /** `host:port`, at least one; any server of the cluster will do. */
  readonly servers: readonly string[];
  /** Paths of PEM files, absolute; absent where everything goes in the clear. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** How long a call may take, in ms. */
  readonly deadlineMs: number;
}

export interface ConnectionOptions {
  readonly servers?: string[];
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure?: boolean;
  readonly deadline?: number;
}

const serversDefault = '127.0.0.1:7654';
const deadlineDefault = '10s';

/** Gives a command the flags that every command has which talks to a cluster. */
export function withConnection(command: Command): Command {
  return command
    .option('--servers <host:port,…>', `servers of the cluster, one is enough (default: ${serversDefault})`, addresses)
    .option('--tls-ca <file>', 'authorities that the servers are believed by, PEM')
    .option('--tls-cert <file>', 'who you are: your certificate, PEM')
    .option('--tls-key <file>', 'the key of your certificate, PEM')
    .option('--insecure', 'no TLS: for servers that run with --insecure')
    .option('--deadline <time>', `how long a call may take (default: ${deadlineDefault})`, duration)
    .addHelpText(
      'after',
      '\nWithout a flag, what COMMITLOG_SERVERS, COMMITLOG_TLS_CA, COMMITLOG_TLS_CERT, COMMITLOG_TLS_KEY,\nCOMMITLOG_INSECURE and COMMITLOG_DEADLINE say counts.',
    );
}

/**
 * What flags and environment say, flags first.
 *
 * @throws CommandError `usage` when it is not said how to connect, or in two ways at once
 */
export function connectionOf(options: ConnectionOptions, { world, pathOf }: Invocation): Connection {
  const { environment } = world;
  const written = (name: string): string | undefined => environment[`COMMITLOG_${name}`] || undefined;
  const parsed = <T>(name: string, parse: (text: string) => T, otherwise: string): T => {
    try {
      return parse(written(name) ?? otherwise);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new CommandError('usage', `COMMITLOG_${name} is "${written(name)}". ${error.message}`);
    }
  };
  const { servers, deadline } = options;
  const tls = tlsOf(options, written);
  return {
    servers: servers ?? parsed('SERVERS', addresses, serversDefault),
    deadlineMs: deadline ?? parsed('DEADLINE', duration, deadlineDefault),
    ...(tls && { tls: { ca: pathOf(tls.ca), cert: pathOf(tls.cert), key: pathOf(tls.key) } }),
  };
}

const files = [
  ['tlsCa', '--tls-ca', 'TLS_CA'],
  ['tlsCert', '--tls-cert', 'TLS_CERT'],
  ['tlsKey', '--tls-key', 'TLS_KEY'],
] as const;

/** The three files, or nothing where there is to be no TLS. A flag of either kind silences the environment's other kind. */
function tlsOf(
  options: ConnectionOptions,
  written: (name: string) => string | undefined,
): Connection['tls'] | undefined {
  const flagged = files.filter(([name]) => options[name] !== undefined);
  if (options.insecure && flagged.length > 0) {
    throw new CommandError('usage', `--insecure and ${flagged[0]![1]} contradict each other: leave one of the two`);
  }
  if (options.insecure) return undefined;
  const [ca, cert, key] = files.map(([name, , variable]) => options[name] ?? written(variable));
  if (flagged.length === 0 && /^(1|true|yes|on)$/i.test(written('INSECURE') ?? '')) {
    if (ca === undefined && cert === undefined && key === undefined) return undefined;
    throw new CommandError(
      'usage',
      'COMMITLOG_INSECURE and COMMITLOG_TLS_… contradict each other: unset one of the two',
    );
  }
  if (ca !== undefined && cert !== undefined && key !== undefined) return { ca, cert, key };
  const missing = files.filter((_, at) => [ca, cert, key][at] === undefined).map(([, flag]) => flag);
  throw new CommandError(
    'usage',
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: servers speak mutual TLS. Give the files, or --insecure for servers that run with it`,
  );
}
