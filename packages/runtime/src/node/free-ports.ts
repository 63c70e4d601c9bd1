import { hasErrorCode } from '../files.js';
import { randomBelow } from '../random.js';
import { nodeDatagrams } from './datagrams.js';
import { nodeRandom } from './random.js';
import { nodeStreams } from './streams.js';

const host = '127.0.0.1';
const first = 10_000;
/** Below those that systems give to whoever asks for any, so that no connection takes one between our look and its use, or while a server restarts. */
const behindLast = 30_000;
const triesMax = 1000;

const given = new Set<number>();

/**
 * Ports of 127.0.0.1, from 10000 to 29999, that nobody has, for TCP and UDP alike; none is given twice by one process. Another process may take one
 * before it is used: then draw others.
 *
 * @throws Error when of 1,000 that were drawn fewer were free
 */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let tries = 0; found.length < count; tries += 1) {
    if (tries === triesMax) throw new Error(`of ${triesMax} ports of ${host}, ${found.length} were free`);
    const port = first + randomBelow(nodeRandom, behindLast - first);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) found.push(port);
    else given.delete(port);
  }
  return found;
}

async function isFree(port: number): Promise<boolean> {
  try {
    const listener = await nodeStreams.listen({ host, port }, (stream) => stream.destroy());
    try {
      await (await nodeDatagrams.bind({ host, port }, () => {})).close();
      return true;
    } finally {
      await listener.close();
    }
  } catch (error) {
    if (hasErrorCode(error, 'EADDRINUSE', 'EACCES')) return false;
    throw error;
  }
}
