import type { Address } from '@commitlog/runtime';
import type { z } from 'zod';
import { address, addresses, boolean, bytes, choice, duration, oneOf, origins, text } from './kinds.js';

/** One thing that can be set. */
export interface Setting<T> {
  readonly kind: z.ZodType<T>;
  /** In the words of whoever sets it. */
  readonly what: string;
  /** As text, as it would be written. Absent: none, and then the setting is absent unless it is given. */
  readonly default?: string;
}

/** One that has a value even where nobody gives it one. */
type Defaulted<T> = Setting<T> & { readonly default: string };

interface Settings {
  readonly 'node-id': Setting<string>;
  readonly 'data-dir': Defaulted<string>;
  readonly 'cluster-name': Defaulted<string>;
  readonly listen: Defaulted<Address>;
  readonly advertise: Setting<Address>;
  readonly 'admin-addr': Defaulted<Address>;
  readonly bootstrap: Defaulted<boolean>;
  readonly join: Defaulted<readonly Address[]>;
  readonly insecure: Defaulted<boolean>;
  readonly 'tls.ca': Setting<string>;
  readonly 'tls.cert': Setting<string>;
  readonly 'tls.key': Setting<string>;
  readonly 'tls.crl': Setting<string>;
  readonly 'acl.model': Setting<string>;
  readonly 'acl.policy': Setting<string>;
  readonly 'gossip.keyring': Setting<string>;
  readonly 'gossip.profile': Defaulted<'local' | 'lan' | 'wan'>;
  readonly 'target-voters': Defaulted<1 | 3 | 5>;
  readonly 'voter.stable-for': Defaulted<number>;
  readonly 'voter.replace-after': Defaulted<number>;
  readonly 'raft.election-timeout': Defaulted<number>;
  readonly 'raft.heartbeat': Defaulted<number>;
  readonly 'segment.max-bytes': Defaulted<number>;
  readonly 'segment.max-age': Defaulted<number>;
  readonly 'retention.max-bytes': Setting<number>;
  readonly 'retention.max-age': Setting<number>;
  readonly 'scrub.rate': Defaulted<number>;
  readonly 'scrub.every': Defaulted<number>;
  readonly 'timeline.remote': Defaulted<boolean>;
  readonly 'timeline.origins': Defaulted<readonly string[]>;
  readonly 'log-level': Defaulted<'debug' | 'info' | 'warn' | 'error'>;
  readonly 'leave-on-stop': Defaulted<boolean>;
}

const file = (of: string): z.ZodType<string> => text(`the path of ${of}`);
const day = 86_400_000;
const tebibyte = 2 ** 40;

/**
 * Everything that can be set, by its path. The same name in other clothes is a flag, an environment variable and a place in the YAML file:
 * `retention.max-age` is `--retention-max-age`, `COMMITLOG_RETENTION_MAX_AGE` and `max-age` below `retention`.
 */
export const settings: Settings = {
  'node-id': {
    kind: text('1 to 64 letters, digits, ".", "_" or "-"', /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/),
    what: 'which node of the cluster this is; that of the certificate, where there is one',
  },
  'data-dir': {
    kind: file('a directory'),
    what: 'where the log and everything else of this node is kept',
    default: 'data',
  },
  'cluster-name': {
    kind: text('1 to 255 lower-case letters, digits, ".", "_" or "-"', /^[a-z0-9._-]{1,255}$/),
    what: "the trust domain of the nodes' certificates",
    default: 'commitlog',
  },
  listen: {
    kind: address,
    what: 'where clients and nodes connect to, and gossip comes by UDP',
    default: '127.0.0.1:7654',
  },
  advertise: { kind: address, what: 'where others reach this node, if not where it listens' },
  'admin-addr': {
    kind: address,
    what: 'where health, metrics and build information are served',
    default: '127.0.0.1:7655',
  },
  bootstrap: { kind: boolean, what: 'found a cluster: on its first node, the first time only', default: 'false' },
  join: {
    kind: addresses,
    what: 'nodes of the cluster to join, the first time only; beside bootstrap: where there must be none yet',
    default: '',
  },
  insecure: {
    kind: boolean,
    what: 'no TLS, no identities, no access control: for trying out, on loopback only',
    default: 'false',
  },
  'tls.ca': { kind: file('a PEM file'), what: 'the authorities whose certificates are believed' },
  'tls.cert': { kind: file('a PEM file'), what: "this node's certificate, and those between it and its authority" },
  'tls.key': { kind: file('a PEM file'), what: "this node's key; readable by its owner alone" },
  'tls.crl': { kind: file('a PEM file'), what: 'certificates that were revoked' },
  'acl.model': { kind: file('a Casbin model'), what: 'how the policy is read, if not as usual' },
  'acl.policy': { kind: file('a Casbin policy'), what: 'who may do what to which log' },
  'gossip.keyring': { kind: file('a keyring'), what: 'the keys that gossip is sealed under' },
  'gossip.profile': { kind: choice(['local', 'lan', 'wan']), what: 'how far apart the nodes are', default: 'lan' },
  'target-voters': {
    kind: oneOf([1, 3, 5]),
    what: 'how many nodes vote, once there are so many: what the first node of a cluster says',
    default: '3',
  },
  'voter.stable-for': {
    kind: duration(1, day),
    what: 'how long a node must have kept up with the log before it votes',
    default: '5 s',
  },
  'voter.replace-after': {
    kind: duration(1, 366 * day),
    what: 'how long a voter must have been down before another takes its place, if there is one',
    default: '10 min',
  },
  'raft.election-timeout': {
    kind: duration(200, 60_000),
    what: 'how long a leader, or its disk, may be silent, the same on all nodes',
    default: '1 s',
  },
  'raft.heartbeat': {
    kind: duration(100, 10_000),
    what: 'how often a leader says that it is there, the same on all nodes; at most half of the election timeout',
    default: '100 ms',
  },
  'segment.max-bytes': {
    kind: bytes(2 ** 20, 2 ** 31),
    what: 'how long a file of the log becomes',
    default: '1 GiB',
  },
  'segment.max-age': {
    kind: duration(1000, 366 * day),
    what: 'how old its first record becomes before the next file is begun',
    default: '7 d',
  },
  'retention.max-bytes': {
    kind: bytes(2 ** 20, 1024 * tebibyte),
    what: 'how much of the log is kept; all of it if absent',
  },
  'retention.max-age': { kind: duration(1000, 36_600 * day), what: 'how long records are kept; for ever if absent' },
  'scrub.rate': {
    kind: bytes(0, 2 ** 40),
    what: 'how much of the log is read in a second, to find damage before somebody needs what is damaged; 0: nothing',
    default: '8 MiB',
  },
  'scrub.every': {
    kind: duration(60_000, 366 * day),
    what: 'how long after all was read it is read again',
    default: '7 d',
  },
  'timeline.remote': {
    kind: boolean,
    what: 'admin-addr shows the timeline, and the trace, to other machines as well, if it is reached from there',
    default: 'false',
  },
  'timeline.origins': {
    kind: origins,
    what: "pages that may read the trace, beside this node's own and those of loopback: where other nodes show the timeline",
    default: '',
  },
  'log-level': {
    kind: choice(['debug', 'info', 'warn', 'error']),
    what: 'what goes to standard error',
    default: 'info',
  },
  'leave-on-stop': { kind: boolean, what: 'a stop is for good: leave the cluster', default: 'false' },
};

export type SettingPath = keyof Settings;

type ValueOf<P extends SettingPath> = Settings[P] extends Setting<infer T> ? T : never;

/** Every setting's value by its path; one without a default may be absent. */
export type Configuration = {
  readonly [P in SettingPath]: Settings[P] extends { readonly default: string } ? ValueOf<P> : ValueOf<P> | undefined;
};

export function flagOf(path: string): string {
  return `--${path.replaceAll('.', '-')}`;
}

export function variableOf(path: string): string {
  return `COMMITLOG_${path.replaceAll(/[.-]/g, '_').toUpperCase()}`;
}
