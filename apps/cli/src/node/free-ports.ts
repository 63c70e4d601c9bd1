import { hasErrorCode, randomBelow } from '@commitlog/runtime';
import { nodeDatagrams, nodeRandom, nodeStreams } from '@commitlog/runtime/node';

const host = '127.0.0.1';
const first = 10_000;
/** Below those that systems give to whoever asks for any, so that no connection takes one between our look and its use. */
const behindLast = 30_000;
const triesMax = 1000;

/** Ports of loopback that nobody has, for TCP and UDP alike. Somebody may take one before it is used: then draw others. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries += 1) {
    if (tries === triesMax) throw new Error(`of ${triesMax} ports of ${host}, ${found.size} were free`);
    const port = first + randomBelow(nodeRandom, behindLast - first);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
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
