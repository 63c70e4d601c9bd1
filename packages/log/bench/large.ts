import { openLog } from '@commitlog/log';
import { encodeBatch, headerBytes } from '@commitlog/record';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { inFreshDirectory } from './directory.js';
import { median } from './median.js';

export interface LargeLogResult {
  readonly open: { readonly segments: number; readonly bytes: number; readonly ms: number };
  readonly indexBytesPerGb: number;
  readonly memory: {
    /** Resident memory once a fifth of the log was appended, and the most it was after that, in MB. */
    readonly settledMb: number;
    readonly peakMb: number;
  };
}

const components = { files: nodeFiles, clock: nodeClock };
const segmentCount = 100;
const gigabyte = 1e9;

/**
 * Appends a log of so many bytes in 100 segments while watching this process' memory, opens it, and reads a batch of every segment, so
 * that all indexes are in memory.
 */
export async function benchLargeLog(
  parent: string,
  bytes: number,
  rounds: number,
  progress: (done: number) => void,
): Promise<LargeLogResult> {
  return await inFreshDirectory(parent, async (dir) => {
    const settings = { dir, segmentBytes: Math.ceil(bytes / segmentCount) };
    const memory = await append(settings, bytes, progress);
    const openings: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const started = performance.now();
      const log = await openLog(settings, components);
      openings.push(performance.now() - started);
      await log.close();
    }
    const log = await openLog(settings, components);
    // The first batch of a segment is found without its index.
    for (const { end } of log.segments) await log.read({ from: { index: end.index }, maxBytes: 1 });
    const segments = log.segments.length;
    const logBytes = log.segments.reduce((sum, segment) => sum + segment.bytes, 0);
    const indexBytesPerGb = Math.round(log.indexBytes / (logBytes / gigabyte));
    await log.close();
    return { open: { segments, bytes: logBytes, ms: median(openings) }, indexBytesPerGb, memory };
  });
}

async function append(
  settings: { dir: string; segmentBytes: number },
  bytes: number,
  progress: (done: number) => void,
): Promise<LargeLogResult['memory']> {
  const log = await openLog(settings, components);
  const template = encodeBatch(Array.from({ length: 100 }, () => ({ value: Buffer.alloc(256, 'commitlog ') })));
  const inFlight = Array.from({ length: 32 }, () => Buffer.from(template));
  let [settledMb, peakMb] = [0, 0];
  for (let written = 0; written < bytes - settings.segmentBytes / 2; ) {
    await Promise.all(
      inFlight.map(async (batch) => {
        template.copy(batch, 0, 0, headerBytes);
        await log.append(batch);
      }),
    );
    written += template.length * inFlight.length;
    const residentMb = process.memoryUsage.rss() / 2 ** 20;
    if (written < bytes / 5) settledMb = residentMb;
    else peakMb = Math.max(peakMb, residentMb);
    progress(written / bytes);
  }
  await log.close();
  return { settledMb: Math.round(settledMb), peakMb: Math.round(peakMb) };
}
