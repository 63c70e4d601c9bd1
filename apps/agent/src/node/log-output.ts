import { once } from 'node:events';
import { destination, type Level, pino, stdSerializers } from 'pino';
import type { Logger } from '../observability/logger.js';

/** What waits to be written; what comes on top is left out: whoever reads too slowly must not stop the log (etcd 22214). */
const waitingBytesMax = 1024 * 1024;

/** Lines of JSON to a file descriptor, written by a thread while the agent goes on. */
export interface LogOutput {
  readonly logger: Logger;
  /** Waits until all is written, or nobody reads any more. */
  flush(timeoutMs: number): Promise<void>;
}

export function openLogOutput({ level, fd = 2 }: { readonly level: Level; readonly fd?: number }): LogOutput {
  const stream = destination({ dest: fd, sync: false, maxLength: waitingBytesMax });
  stream.on('error', () => {
    // There is nobody left to tell.
  });
  return {
    logger: pino({ level, base: null, serializers: { error: stdSerializers.errWithCause } }, stream),
    flush: async (timeoutMs) => {
      const timer = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref());
      const flushed = new Promise<void>((resolve) => stream.flush(() => resolve()));
      await Promise.race([flushed, once(stream, 'error').then(() => {}), timer]);
    },
  };
}
