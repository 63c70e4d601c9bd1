import { AgentError } from '../errors.js';
import { type ResolvedConfiguration, resolveConfiguration } from './configuration.js';

/** What a command line stands in. */
export interface CommandSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string | Promise<string>;
}

/**
 * Puts a configuration together from a command line, the environment, and the YAML file that `--config` or `COMMITLOG_CONFIG` names.
 *
 * @param args what follows the command: flags
 * @throws ConfigurationError that lists everything that is wrong; AgentError `settings` where no file is named; what `readFile` throws
 */
export async function readConfiguration(
  args: readonly string[],
  { environment, readFile }: CommandSurroundings,
): Promise<ResolvedConfiguration> {
  const flags = [...args];
  let path = environment.COMMITLOG_CONFIG || undefined;
  const at = flags.findIndex((flag) => flag === '--config' || flag.startsWith('--config='));
  if (at !== -1) {
    const [flag] = flags.splice(at, 1);
    path = flag === '--config' ? flags.splice(at, 1)[0] : flag!.slice('--config='.length);
    if (path === undefined || path === '')
      throw new AgentError('settings', '--config: expected the path of a YAML file, got nothing');
  }
  if (path === undefined) return resolveConfiguration({ flags, environment });
  return resolveConfiguration({ flags, environment, file: { content: await readFile(path), name: path } });
}
