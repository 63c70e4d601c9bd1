import { inspect } from 'node:util';
import type { Address } from '@commitlog/runtime';
import { addressText, isLoopback } from './kinds.js';
import { type Configuration, type Setting, type SettingPath, settings } from './settings.js';
import {
  fromEnvironment,
  fromFlags,
  fromProgram,
  fromYaml,
  type Misplaced,
  type Source,
  type Written,
} from './sources.js';

/** Where values may come from. */
export interface ConfigurationSources {
  /** What follows the command on the command line. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** By their paths, from a program: values as a YAML file would have them. They count before everything else. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A YAML file's content, and what to call it. */
  readonly file?: { readonly content: string; readonly name: string };
}

/** One thing that is wrong with a configuration. */
export type ConfigurationProblem = Misplaced;

/** Everything that is wrong with a configuration, at once. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly ConfigurationProblem[];

  constructor(problems: readonly ConfigurationProblem[]) {
    super(`the configuration cannot be used:\n${problems.map((problem) => `  ${sentenceOf(problem)}`).join('\n')}`);
    this.problems = problems;
  }
}

/** A value that is in force, and where it came from. */
export interface ShownSetting {
  readonly path: string;
  /** As it would be written. */
  readonly value: string;
  readonly origin: string;
}

/** A configuration that holds together, and the origin of each value. */
export interface ResolvedConfiguration {
  readonly configuration: Configuration;
  /** In the order of the table; what is absent is not in it. */
  readonly shown: readonly ShownSetting[];
}

/**
 * Puts a configuration together: a flag counts before the environment, that before the file, that before the defaults.
 *
 * @throws ConfigurationError that lists everything that is wrong, each with its path, its value and where that came from
 */
export function resolveConfiguration(sources: ConfigurationSources): ResolvedConfiguration {
  const { flags = [], environment = {}, settings: given = {}, file } = sources;
  const found = [
    fromProgram(given),
    fromFlags(flags),
    fromEnvironment(environment),
    ...(file ? [fromYaml(file.content, file.name)] : []),
  ];
  const problems: ConfigurationProblem[] = found.flatMap(({ misplaced }) => misplaced);
  const written = merge(found.map(({ source }) => source));
  const values: Partial<Record<SettingPath, unknown>> = {};
  for (const [path, { value, origin }] of written) {
    const parsed = settings[path].kind.safeParse(value);
    if (parsed.success) values[path] = parsed.data;
    else problems.push({ path, value, origin, expected: parsed.error.issues[0]!.message.replace(/^expected /, '') });
  }
  const isBad = (path: SettingPath): boolean => problems.some((problem) => problem.path === path);
  problems.push(
    ...contradictions(values as Partial<Configuration>, written).filter(({ path }) => !isBad(path as SettingPath)),
  );
  if (problems.length > 0) throw new ConfigurationError(problems);
  const shown = [...written].map(([path, { value, origin }]) => ({ path, value: shownValue(value), origin }));
  return { configuration: values as Configuration, shown };
}

/** For each setting what the first source says that says something. */
function merge(sources: readonly Source[]): Map<SettingPath, Written> {
  const merged = new Map<SettingPath, Written>();
  for (const [path, setting] of Object.entries(settings) as [SettingPath, Setting<unknown>][]) {
    const written = sources.map((source) => source.get(path)).find((each) => each !== undefined);
    if (written !== undefined) merged.set(path, written);
    else if (setting.default !== undefined) merged.set(path, { value: setting.default, origin: 'default' });
  }
  return merged;
}

/** What is right by itself, and not beside something else. */
function contradictions(
  values: Partial<Configuration>,
  written: ReadonlyMap<SettingPath, Written>,
): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const refuse = (path: SettingPath, expected: string): void => {
    const { value, origin } = written.get(path) ?? { value: undefined, origin: 'nowhere' };
    problems.push({ path, value, origin, expected });
  };
  const { listen, 'admin-addr': adminAddr, insecure, advertise } = values;
  const { 'raft.election-timeout': electionTimeoutMs, 'raft.heartbeat': heartbeatMs } = values;
  if (electionTimeoutMs !== undefined && heartbeatMs !== undefined && heartbeatMs * 2 > electionTimeoutMs) {
    refuse('raft.heartbeat', `at most half of raft.election-timeout, ${electionTimeoutMs} ms`);
  }
  if (!insecure && listen !== undefined && isWildcard(listen) && (advertise === undefined || !isIpAddress(advertise))) {
    refuse('advertise', 'an IP address: listen takes all of this machine, and others must be told one');
  }
  if (insecure) {
    for (const path of ['tls.ca', 'tls.cert', 'tls.key', 'tls.crl', 'acl.policy', 'acl.model'] as const) {
      if (values[path] !== undefined) refuse(path, 'nothing beside insecure: leave one of the two');
    }
    if (values['node-id'] === undefined) refuse('node-id', 'an id: without a certificate nothing else tells it');
    if (listen !== undefined && !isLoopback(listen))
      refuse('listen', 'a loopback address, such as 127.0.0.1: insecure runs nowhere else');
  } else {
    for (const path of ['tls.ca', 'tls.cert', 'tls.key', 'acl.policy'] as const) {
      if (values[path] === undefined)
        refuse(
          path,
          'a file: nodes speak mutual TLS, and everybody needs a grant (--insecure, on loopback, for trying out)',
        );
    }
    if (listen !== undefined && !isLoopback(listen) && values['gossip.keyring'] === undefined) {
      refuse('gossip.keyring', 'a file: without keys gossip stays on loopback');
    }
  }
  if (
    listen !== undefined &&
    adminAddr !== undefined &&
    listen.port !== 0 &&
    addressText(listen) === addressText(adminAddr)
  ) {
    refuse('admin-addr', 'another address than listen');
  }
  return problems;
}

function isWildcard({ host }: Address): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Good enough to tell one from a name, which `host:port` has let through. */
function isIpAddress({ host }: Address): boolean {
  return host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

function shownValue(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

function sentenceOf({ path, value, origin, expected }: ConfigurationProblem): string {
  const came =
    value === undefined ? 'nothing' : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).slice(0, 200);
  return `${path === '' ? origin : `${path} (${origin})`}: expected ${expected}, got ${came}`;
}
