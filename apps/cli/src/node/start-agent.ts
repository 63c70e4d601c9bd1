import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { AgentProcess, StartAgentOptions } from '../world.js';

/**
 * Starts an agent in a process of its own, which ends with this one.
 *
 * @param program the file that runs it: agent-process, from the sources or as it was built, as this process runs itself
 */
export function startAgent(program: string, { args, logPath }: StartAgentOptions): AgentProcess {
  const log = openSync(logPath, 'w', 0o600);
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    env: environment(),
    stdio: ['ignore', 'ignore', log, 'ipc'],
    // Ctrl-C is for this process, which ends the agents when it is done with them.
    detached: true,
  });
  closeSync(log);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const settle = (): void => {
      hasEnded = true;
      resolve();
    };
    child.once('exit', settle);
    // It could not be started; or a signal did not reach it, which then has ended.
    child.once('error', settle);
  });
  return {
    pid: child.pid ?? 0,
    ended,
    get hasEnded() {
      return hasEnded;
    },
    kill: () => void child.kill('SIGKILL'),
    letGo: async () => {
      child.send('stay');
      const gone = once(child, 'disconnect');
      child.disconnect();
      await gone;
      child.unref();
    },
  };
}

/** What this process has, but for settings: those of an agent that somebody runs here are not those of ours. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COMMITLOG_')));
}
