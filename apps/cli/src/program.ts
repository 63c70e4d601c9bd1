import { Command, CommanderError } from 'commander';
import { demoCommand } from './commands/demo.js';
import { inspectCommand } from './commands/inspect.js';
import { verifyCommand } from './commands/verify.js';
import { exitStatus, isExpected, statusOf } from './errors.js';
import type { Invocation } from './invocation.js';
import type { World } from './world.js';

const exitStatusHelp = `
Exit status:
  0  done, and everything is as it should be
  1  something is damaged, or did not come back as it was
  2  wrong usage, input that cannot be used, or a disk that fails or is full
`;

/**
 * Runs one command line, without the program's own name.
 *
 * @returns the exit status
 */
export async function run(args: readonly string[], world: World): Promise<number> {
  const { out, err } = world;
  const program = new Command('commitlog')
    .description('A distributed commit log. Today: the log on disk.')
    .version(world.version, '-V, --version', 'print the version')
    .option('-C, --cwd <dir>', 'where relative paths begin, instead of the current directory')
    .helpOption('-h, --help', 'show how a command is used')
    .helpCommand(false)
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'commitlog: ')),
    })
    .addHelpText('after', exitStatusHelp);
  const invocation: Invocation = {
    world,
    pathOf: (path) => world.absolutePath(path, program.opts<{ cwd?: string }>().cwd),
    status: exitStatus.done,
  };
  demoCommand(program, invocation);
  const log = program.command('log').description('look at a log on disk that nobody has open').helpCommand(false);
  inspectCommand(log, invocation);
  verifyCommand(log, invocation);

  try {
    await program.parseAsync(args, { from: 'user' });
    return invocation.status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.refused;
    if (!isExpected(error)) throw error;
    err.write(`commitlog: ${error.message}\n`);
    // Whoever reads JSON gets some, whatever happens.
    if (args.includes('--json')) {
      out.write(`${JSON.stringify({ error: { code: error.code, message: error.message } })}\n`);
    }
    return statusOf(error);
  }
}
