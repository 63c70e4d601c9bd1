import { readFileSync } from 'node:fs';
import { run } from '../command.js';
import { agentOf, version } from '../node/create-agent.js';
import { openLogOutput } from '../node/log-output.js';

/** How long the last lines of the log may take. */
const flushMs = 500;

/** @returns the exit status, where nothing was served */
export function main(args: readonly string[], commandName: string): Promise<number> {
  return run(args, {
    environment: process.env,
    commandName,
    version,
    readFile: (path) => readFileSync(path, 'utf8'),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    serve,
  });
}

/** Runs until a signal, or until the node fails. The second signal ends the process as it is: what was acknowledged is synced. */
async function serve(configuration: Parameters<typeof agentOf>[0]): Promise<number> {
  const output = openLogOutput({ level: configuration['log-level'] });
  const { logger } = output;
  let ended: (status: number) => void;
  const end = new Promise<number>((resolve) => {
    ended = resolve;
  });
  const agent = agentOf(configuration, { logger, onFailed: () => ended(1) });
  const stopped = new Set<string>();
  for (const [signal, number] of [
    ['SIGTERM', 15],
    ['SIGINT', 2],
  ] as const) {
    process.on(signal, () => {
      if (stopped.size > 0) process.exit(128 + number);
      stopped.add(signal);
      ended(0);
    });
  }
  process.on('SIGHUP', () => void agent.reload());
  let status: number;
  try {
    const starting = agent.start();
    // A signal ends a node that still waits for others to join.
    await Promise.race([starting, end]);
    status = await end;
  } catch (error) {
    logger.error({ error }, 'this node cannot run');
    status = 1;
  }
  await agent.stop();
  await output.flush(flushMs);
  // Whatever else is open: a socket of a peer that does not close, a disk that hangs.
  process.exit(status);
}
