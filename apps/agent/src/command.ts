import {
  ConfigurationError,
  type ConfigurationSources,
  type ResolvedConfiguration,
  resolveConfiguration,
} from './configuration/configuration.js';
import { type Configuration, flagOf, type Setting, settings, variableOf } from './configuration/settings.js';

/** What the command needs of the outside. */
export interface CommandWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** @throws when it cannot be read */
  readonly readFile: (path: string) => string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Runs an agent to its end. @returns the exit status */
  readonly serve: (configuration: Configuration) => Promise<number>;
}

const usage = `commitlog-agent: one node of a Commitlog cluster

  commitlog-agent [--config FILE] [--SETTING VALUE …]               runs it
  commitlog-agent config show [--config FILE] [--SETTING VALUE …]   says what each setting is, and where that comes from; --json

A setting comes from a flag, or from the environment, or from the file, or is as said here.
`;

/**
 * The command line of the agent.
 *
 * @returns the exit status: 0 when all is well, 1 when the node failed, 2 for wrong usage
 */
export async function run(args: readonly string[], world: CommandWorld): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    world.out(`${usage}\n${settingsTable()}`);
    return 0;
  }
  if (args[0] === '--version') {
    world.out(`${world.version}\n`);
    return 0;
  }
  const isShow = args[0] === 'config' && args[1] === 'show';
  const flags = isShow ? args.slice(2).filter((arg) => arg !== '--json') : args;
  try {
    const resolved = resolveConfiguration(sourcesOf(flags, world));
    if (!isShow) return await world.serve(resolved.configuration);
    world.out(args.includes('--json') ? `${JSON.stringify({ settings: resolved.shown })}\n` : shownTable(resolved));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigurationError) && !(error instanceof UsageError)) throw error;
    world.err(`${error.message}\n`);
    return 2;
  }
}

class UsageError extends Error {}

/** @throws UsageError for a file that cannot be read */
function sourcesOf(args: readonly string[], { environment, readFile }: CommandWorld): ConfigurationSources {
  const flags = [...args];
  let path = environment.COMMITLOG_CONFIG || undefined;
  const at = flags.findIndex((flag) => flag === '--config' || flag.startsWith('--config='));
  if (at !== -1) {
    const [flag] = flags.splice(at, 1);
    path = flag === '--config' ? flags.splice(at, 1)[0] : flag!.slice('--config='.length);
    if (path === undefined || path === '')
      throw new UsageError('--config: expected the path of a YAML file, got nothing');
  }
  if (path === undefined) return { flags, environment };
  try {
    return { flags, environment, file: { content: readFile(path), name: path } };
  } catch (error) {
    throw new UsageError(`--config: ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function shownTable({ shown }: ResolvedConfiguration): string {
  return table(shown.map(({ path, value, origin }) => [path, value, origin]));
}

function settingsTable(): string {
  const rows = Object.entries(settings as unknown as Readonly<Record<string, Setting<unknown>>>).map(
    ([path, setting]) => {
      const value = setting.default === undefined || setting.default === '' ? '' : ` (${setting.default})`;
      return [`  ${flagOf(path)}`, variableOf(path), `${setting.what}${value}`];
    },
  );
  return table(rows);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    ([first, second, third]) => `${first!.padEnd(widths[0]!)}  ${second!.padEnd(widths[1]!)}  ${third}`,
  );
  return `${lines.join('\n')}\n`;
}
