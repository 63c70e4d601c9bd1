import { ConfigurationError, type ResolvedConfiguration } from './configuration/configuration.js';
import { type CommandSurroundings, readConfiguration } from './configuration/read-configuration.js';
import { type Configuration, flagOf, type Setting, settings, variableOf } from './configuration/settings.js';
import { AgentError } from './errors.js';

/** What the command needs of the outside. */
export interface CommandWorld extends CommandSurroundings {
  /** What the command is called. */
  readonly commandName: string;
  readonly version: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Runs an agent to its end. @returns the exit status */
  readonly serve: (configuration: Configuration) => Promise<number>;
}

const usage = (name: string): string => `${name}: one node of a Commitlog cluster

  ${name} [--config FILE] [--SETTING VALUE …]               runs it
  ${name} config show [--config FILE] [--SETTING VALUE …]   says what each setting is, and where that comes from; --json

A setting comes from a flag, or from the environment, or from the file, or is as said here.
`;

/**
 * The command line of the agent.
 *
 * @returns the exit status: 0 when all is well, 1 when the node failed, 2 for wrong usage
 */
export async function run(args: readonly string[], world: CommandWorld): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    world.out(`${usage(world.commandName)}\n${settingsTable()}`);
    return 0;
  }
  if (args[0] === '--version') {
    world.out(`${world.version}\n`);
    return 0;
  }
  const isShow = args[0] === 'config' && args[1] === 'show';
  const flags = isShow ? args.slice(2).filter((arg) => arg !== '--json') : args;
  try {
    const resolved = await readConfiguration(flags, { ...world, readFile: (path) => readNamed(path, world) });
    if (!isShow) return await world.serve(resolved.configuration);
    world.out(args.includes('--json') ? `${JSON.stringify({ settings: resolved.shown })}\n` : shownTable(resolved));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigurationError) && !(error instanceof AgentError)) throw error;
    world.err(`${error.message}\n`);
    return 2;
  }
}

/** @throws AgentError `settings` for a file that cannot be read */
async function readNamed(path: string, { readFile }: CommandWorld): Promise<string> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new AgentError('settings', `--config: ${path} cannot be read: ${(error as Error).message}`, { cause: error });
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
