import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * The room for new objects, both halves of it. A batch is in flight for some ten milliseconds: in a smaller room its buffers grow old before they are
 * done with, and a bigger one is no faster, since it leaves the processor's cache, and takes memory that buffers can use.
 */
const newSpaceBytes = 2 * 4 * 1024 * 1024;

/**
 * Sets this process's JavaScript engine up for an agent. Batches pass through in buffers, which the engine counts as its own. Left alone, it collects
 * after every 30 MB of them, many times a second, which took half of a busy leader's time; the next collection is due when 2.2 times what the last one
 * left is held.
 *
 * To be called before the agent is loaded, which would have the engine make its room for new objects as big as it gets.
 */
export function tuneEngine(): void {
  setFlagsFromString('--heap-growing-percent=120');
  sizeNewSpace();
  // The engine takes the size of that room from the command line alone, but asks at each collection by how much to let it grow; an idle one shrinks.
  new PerformanceObserver(sizeNewSpace).observe({ entryTypes: ['gc'] });
}

function sizeNewSpace(): void {
  const { space_size: bytes } = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')!;
  setFlagsFromString(`--semi-space-growth-factor=${bytes < newSpaceBytes ? 2 : 1}`);
}
