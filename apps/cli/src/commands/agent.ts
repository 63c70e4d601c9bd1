import type { Command } from 'commander';
import type { Invocation } from '../invocation.js';
import { requireDirectory } from '../small-file.js';

export function agentCommand(parent: Command, invocation: Invocation): void {
  parent
    .command('agent')
    .description('run one node of a cluster, until a signal; its settings: commitlog agent --help')
    .usage('[--config FILE] [--SETTING VALUE …]')
    // Everything behind the command is the agent's: it knows its settings, and has its own help.
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[settings...]')
    .action(async (args: string[]) => {
      const { world, pathOf } = invocation;
      await requireDirectory(pathOf('.'), world);
      invocation.status = await world.runAgent(args, { directory: pathOf('.'), name: `${world.commandName} agent` });
    });
}
