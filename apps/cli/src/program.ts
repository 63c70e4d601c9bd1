import { Command, CommanderError, Option } from 'commander';
import { aclCommands } from './commands/acl.js';
import { agentCommand } from './commands/agent.js';
import { benchCommands } from './commands/bench.js';
import { certCommands } from './commands/cert.js';
import { clusterCommands } from './commands/cluster.js';
import { configCommands } from './commands/config.js';
import { consumeCommand, tailCommand } from './commands/consume.js';
import { demoCommand } from './commands/demo.js';
import { errorsCommand } from './commands/errors.js';
import { inspectCommand } from './commands/inspect.js';
import { keyringCommands } from './commands/keyring.js';
import { logInfoCommand, logTrimCommand } from './commands/log-online.js';
import { produceCommand } from './commands/produce.js';
import { timelineCommand } from './commands/timeline.js';
import { verifyCommand } from './commands/verify.js';
import { CommandError, exitStatus, isExpected, statusOf } from './errors.js';
import { type Format, formats, type Invocation, printed } from './invocation.js';
import type { World } from './world.js';

const footer = `
Data goes to standard output, everything else to standard error. COMMITLOG_OUTPUT says the form of the output where no flag does.

Exit status:
  0    done, and everything is as it should be
  1    what was looked at is not as it should be, or the answer is no
  2    wrong usage, input that cannot be used, or a disk that fails or is full
  3    the cluster was not reached, or not in time: the same may be tried again
  4    the cluster refuses
  130  interrupted
`;

interface GlobalOptions {
  readonly cwd?: string;
  readonly json?: boolean;
  readonly output?: Format;
}

/**
 * Runs one command line, without the program's own name.
 *
 * @returns the exit status
 */
export async function run(args: readonly string[], world: World): Promise<number> {
  const { out, err } = world;
  const program = rootCommand(world);
  const invocation: Invocation = {
    world,
    pathOf: (path) => world.absolutePath(path, program.opts<GlobalOptions>().cwd),
    format: 'table',
    print: (result) => out.write(printed(result, invocation.format)),
    status: exitStatus.done,
  };
  program.hook('preAction', () => {
    invocation.format = formatOf(program.opts<GlobalOptions>(), world);
  });
  addCommands(program, invocation);

  try {
    await program.parseAsync(args, { from: 'user' });
    return invocation.status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.refused;
    if (!isExpected(error)) throw error;
    err.write(`commitlog: ${error.message}\n`);
    // Whoever reads JSON gets some, whatever happens.
    if (invocation.format !== 'table') {
      out.write(`${JSON.stringify({ error: { code: error.code, message: error.message } })}\n`);
    }
    return statusOf(error);
  }
}

function addCommands(program: Command, invocation: Invocation): void {
  agentCommand(program, invocation);
  demoCommand(program, invocation);
  produceCommand(program, invocation);
  consumeCommand(program, invocation);
  tailCommand(program, invocation);
  benchCommands(program, invocation);
  clusterCommands(program, invocation);
  const log = program
    .command('log')
    .helpCommand(false)
    .description('look at a log: of a cluster that runs, or on a disk that nobody has open');
  logInfoCommand(log, invocation);
  logTrimCommand(log, invocation);
  inspectCommand(log, invocation);
  verifyCommand(log, invocation);
  certCommands(program, invocation);
  keyringCommands(program, invocation);
  aclCommands(program, invocation);
  configCommands(program, invocation);
  timelineCommand(program, invocation);
  errorsCommand(program, invocation);
}

function rootCommand({ out, err, version }: World): Command {
  return (
    new Command('commitlog')
      .description('A distributed commit log.')
      .version(version, '-V, --version', 'print the version')
      .option('-C, --cwd <dir>', 'where relative paths begin, instead of the current directory')
      .addOption(new Option('--output <form>', 'how results are printed (default: table)').choices(formats))
      .option('--json', 'short for --output json: one JSON object, on the last line')
      .helpOption('-h, --help', 'show how a command is used')
      .helpCommand(false)
      .showHelpAfterError()
      // Each of these is inherited by the commands that are added.
      .exitOverride()
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({
        writeOut: (text) => out.write(text),
        writeErr: (text) => err.write(text),
        outputError: (text, write) => write(text.replace(/^error: /, 'commitlog: ')),
        getOutHasColors: () => out.hasColors,
        getErrHasColors: () => err.hasColors,
      })
      .addHelpText('after', footer)
  );
}

/** @throws CommandError `usage` */
function formatOf({ json, output }: GlobalOptions, { environment }: World): Format {
  if (json) {
    if (output === undefined || output === 'json') return 'json';
    throw new CommandError('usage', `--json and --output ${output} contradict each other: leave one of the two`);
  }
  if (output !== undefined) return output;
  const written = environment.COMMITLOG_OUTPUT || 'table';
  const format = formats.find((each) => each === written);
  if (format !== undefined) return format;
  throw new CommandError('usage', `COMMITLOG_OUTPUT is "${written}", expected one of ${formats.join(', ')}`);
}
