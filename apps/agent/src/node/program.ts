import { tuneEngine } from './engine.js';

/**
 * Runs one agent on this process, as `commitlog-agent` does, with its settings from the environment, too. A process runs one, once: signals are its own,
 * and it ends the process when it has served.
 *
 * @param args what follows the command: flags; or `--help`, or `config show`
 * @param commandName what its help calls it; `commitlog-agent` unless told
 * @returns the exit status, where nothing was served: 0 when all is well, 2 for wrong usage
 */
export async function runProgram(args: readonly string[], commandName = 'commitlog-agent'): Promise<number> {
  tuneEngine();
  const { main } = await import('../program/main.js');
  return await main(args, commandName);
}
