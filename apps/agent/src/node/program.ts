import { setFlagsFromString } from 'node:v8';

/**
 * Runs one agent on this process, as `commitlog-agent` does, with its settings from the environment, too. A process runs one, once: signals are its own,
 * and it ends the process when it has served.
 *
 * @param args what follows the command: flags; or `--help`, or `config show`
 * @param commandName what its help calls it; `commitlog-agent` unless told
 * @returns the exit status, where nothing was served: 0 when all is well, 2 for wrong usage
 */
export async function runProgram(args: readonly string[], commandName = 'commitlog-agent'): Promise<number> {
  /*
   * Batches pass through in buffers, which the engine counts as its own. Left alone, it collects after every 30 MB of them, many times a second, which
   * took half of a busy leader's time; the next collection is due when 2.2 times what the last one left is held. And the room for new
   * objects, of which there are few, does not grow, here where the agent is not loaded yet: at its full size it takes 30 MB that buffers can use.
   */
  setFlagsFromString('--heap-growing-percent=120');
  setFlagsFromString('--semi-space-growth-factor=1');
  const { main } = await import('../program/main.js');
  return await main(args, commandName);
}
