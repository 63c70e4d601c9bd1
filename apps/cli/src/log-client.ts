import type { Commitlog } from '@commitlog/client';
import type { Command } from 'commander';
import { type Connection, type ConnectionOptions, connectionOf, withConnection } from './connection.js';
import type { Invocation } from './invocation.js';
import { requireGoing } from './pause.js';

export interface LogClientOptions extends ConnectionOptions {
  readonly log: string;
}

/** Gives a command the flags of every command that appends or reads. */
export function withLogFlags(command: Command): Command {
  return withConnection(command.option('--log <name>', 'the log', 'default'));
}

/** Runs something with a client of the log that flags and environment name. */
export function withLog(
  options: LogClientOptions,
  invocation: Invocation,
  run: (log: Commitlog, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  return withConnectedLog({ connection: connectionOf(options, invocation), log: options.log }, invocation, run);
}

/**
 * Runs something with a client of a log, and closes that. What an interruption has broken off is told as that.
 *
 * @throws CommandError `interrupted`; CommitlogError
 */
export async function withConnectedLog(
  { connection, log: name }: { readonly connection: Connection; readonly log: string },
  { world }: Invocation,
  run: (log: Commitlog, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { servers, tls, deadlineMs } = connection;
  const signal = world.interruption();
  // Loaded late: most commands never need it.
  const { connect } = await import('@commitlog/client');
  try {
    const log = await connect({ servers, deadlineMs, log: name, ...(tls ? { tls } : { insecure: true }) });
    try {
      await run(log, signal);
    } finally {
      await log.close();
    }
  } catch (error) {
    requireGoing(signal);
    throw error;
  }
}
