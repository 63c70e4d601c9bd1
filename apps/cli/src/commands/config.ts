import type { ResolvedConfiguration } from '@commitlog/agent';
import type { Command } from 'commander';
import { CommandError } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { table } from '../presentation/table.js';
import { readText } from '../small-file.js';

const fileBytesMax = 1024 * 1024;

const examples = `
Examples:
  commitlog config show --config n1.yaml
  commitlog config validate --config n1.yaml --listen 10.0.0.1:7654`;

/** Only these commands load the agent's package: all of a server. */
const agent = () => import('@commitlog/agent');

export function configCommands(parent: Command, invocation: Invocation): void {
  const config = parent
    .command('config')
    .helpCommand(false)
    .description("look at an agent's configuration, without running it");
  agentSettings(config, 'show')
    .description('say what each setting of an agent is, and where that comes from')
    .action(async (args: string[]) => {
      const { shown } = await read(args, invocation);
      const rows = shown.map(({ path, value, origin }) => [path, value, origin]);
      const columns = [{ heading: 'setting' }, { heading: 'value' }, { heading: 'from' }];
      invocation.print({ json: { settings: shown }, lines: shown, text: table(columns, rows) });
    });
  agentSettings(config, 'validate')
    .description("check an agent's settings and the files that they name, as a start would; changes nothing")
    .action((args: string[]) => validate(args, invocation));
}

/** A command that takes what `commitlog agent` takes. */
function agentSettings(parent: Command, name: string): Command {
  return parent
    .command(name)
    .usage('[--config FILE] [--SETTING VALUE …]')
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[settings...]', 'flags of `commitlog agent`')
    .addHelpText('after', examples);
}

async function validate(args: readonly string[], invocation: Invocation): Promise<void> {
  const { world, pathOf, print } = invocation;
  const { configuration } = await read(args, invocation);
  const named = ['tls.ca', 'tls.cert', 'tls.key', 'tls.crl', 'acl.model', 'acl.policy', 'gossip.keyring'] as const;
  const absolute = named.flatMap((path) => {
    const file = configuration[path];
    return file === undefined ? [] : [[path, pathOf(file)] as const];
  });
  const { preflight } = await agent();
  const { nodeId } = await refusing(() => preflight({ ...configuration, ...Object.fromEntries(absolute) }, world));
  const files = absolute.map(([setting, path]) => ({ setting, path }));
  const read_ =
    files.length === 0 ? 'it names no files' : `its files can be used: ${absolute.map(([path]) => path).join(', ')}`;
  print({ json: { isValid: true, nodeId, files }, text: `valid: this would be node ${nodeId}; ${read_}\n` });
}

async function read(args: readonly string[], { world, pathOf }: Invocation): Promise<ResolvedConfiguration> {
  const { readConfiguration } = await agent();
  const readFile = (path: string): Promise<string> => readText(pathOf(path), { bytesMax: fileBytesMax }, world);
  return refusing(() => readConfiguration(args, { environment: world.environment, readFile }));
}

/** What a start would refuse is told in its own words. */
async function refusing<T>(run: () => Promise<T>): Promise<T> {
  const { AgentError, ConfigurationError } = await agent();
  try {
    return await run();
  } catch (error) {
    const isRefusal = error instanceof AgentError || error instanceof ConfigurationError;
    if (!isRefusal && (error as Error).name !== 'MembershipError') throw error;
    throw new CommandError('wrong-settings', (error as Error).message, { cause: error });
  }
}
