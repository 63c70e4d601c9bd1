import { existsSync, readFileSync } from 'node:fs';
import { nodeClock, nodeDatagrams, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { livePage } from '@commitlog/timeline';
import { Agent } from '../agent.js';
import { resolveConfiguration } from '../configuration/configuration.js';
import type { Configuration, SettingPath } from '../configuration/settings.js';
import type { Logger } from '../observability/logger.js';
import { serveHttp } from './http.js';
import { openLogOutput } from './log-output.js';

/** Settings by their paths, as a YAML file would say them: `{ 'node-id': 'n1', 'retention.max-age': '7 d' }`. */
export type AgentSettings = Readonly<Partial<Record<SettingPath, string | number | boolean | readonly string[]>>>;

export interface CreateAgentOptions {
  /** Where the agent says what it does; standard error unless told. */
  readonly logger?: Logger;
  /** Told when this node has failed for good: its process should end. */
  readonly onFailed?: (error: unknown) => void;
}

/**
 * An agent on this machine's disk, network and clock.
 *
 * ```ts
 * const agent = createAgent({ 'node-id': 'n1', 'data-dir': './n1', insecure: true, bootstrap: true });
 * await agent.start();
 * console.log(agent.address);
 * await agent.stop();
 * ```
 *
 * @throws ConfigurationError that lists everything that is wrong with the settings
 */
export function createAgent(settings: AgentSettings, options: CreateAgentOptions = {}): Agent {
  return agentOf(resolveConfiguration({ settings }).configuration, options);
}

/** An agent with a configuration that was put together already. */
export function agentOf(configuration: Configuration, options: CreateAgentOptions = {}): Agent {
  const { logger = openLogOutput({ level: configuration['log-level'] }).logger, onFailed } = options;
  return new Agent(configuration, {
    files: nodeFiles,
    clock: nodeClock,
    random: nodeRandom,
    datagrams: nodeDatagrams,
    serveHttp,
    timelinePage: livePage,
    version,
    logger,
    ...(onFailed && { onFailed }),
  });
}

/** Of this package, whose directory is above src/node, or above dist. */
export const version: string = (() => {
  const candidates = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url));
  return (JSON.parse(readFileSync(candidates.find(existsSync)!, 'utf8')) as { version: string }).version;
})();
