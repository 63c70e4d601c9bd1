/**
 * How fast a cluster is: three agents as processes and this driver, on this machine, over mutual TLS, every acknowledgement synced on a quorum.
 *
 *     pnpm bench:cluster [--seconds N] [--rounds N] [--json]
 *
 * With --json the last line of standard output is `{ "cases": [{ "recordsPerBatch", "inFlight",
 * "recordsPerSecond", "p50Ms", "p99Ms" }…], "peakRssMb": [three numbers] }`: of each case the median of the rounds.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { logV1 } from '@commitlog/api';
import { encodeBatch } from '@commitlog/record';
import { integerFlag } from '../../../scripts/flags.mjs';
import { type NodeProcess, ProcessCluster } from '../faults/cluster.js';

const record = { value: Buffer.alloc(256, 'x') };
const warmUpMs = 3000;
const megabyte = 1_000_000;

// What is to be measured is the cluster. Left alone, the driver collects all of its garbage in some runs many times a second, and in others never.
setFlagsFromString('--heap-growing-percent=400');

const { seconds, rounds, json } = readFlags();
const dir = await mkdtemp(join(tmpdir(), 'commitlog-bench-'));
const cluster = await ProcessCluster.create(dir, ['n1', 'n2', 'n3'], {
  // A machine that is busy with other things is to make it slow, and not to have it elect.
  flags: ['--raft-election-timeout', '10 s'],
});
try {
  await cluster.start(...cluster.nodes);
  await cluster.leader(3);
  const cases = [];
  for (const [recordsPerBatch, inFlight] of [
    [1, 1],
    [1, 64],
    [100, 64],
    [1000, 16],
  ] as const) {
    const measured = [];
    for (let round = 0; round < rounds; round += 1) measured.push(await measure(recordsPerBatch, inFlight));
    measured.sort((one, other) => one.recordsPerSecond - other.recordsPerSecond);
    cases.push({ recordsPerBatch, inFlight, ...measured[Math.floor(measured.length / 2)]! });
    if (!json) console.log(cases.at(-1));
  }
  const peakRssMb = await Promise.all(cluster.nodes.map(peakRssMbOf));
  console.log(json ? JSON.stringify({ cases, peakRssMb }) : { peakRssMb });
} finally {
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
}

/** One producer on one stream, with so many batches unanswered. */
async function measure(recordsPerBatch: number, inFlight: number) {
  const log = cluster.client(await cluster.leader(3), logV1.LogDefinition);
  const { producerId, epoch } = await log.openProducer({ name: '', log: '' });
  const records = Array.from({ length: recordsPerBatch }, () => record);
  const stream = log.append();
  const answers = stream[Symbol.asyncIterator]();
  const sentAtMs: number[] = [];
  const latencies = createHistogram();
  let baseSequence = 0;
  const send = (): void => {
    const producer = { producerId: Number(producerId), producerEpoch: epoch, baseSequence };
    baseSequence += recordsPerBatch;
    sentAtMs.push(performance.now());
    // As many as may be unanswered: the stream takes no more than those.
    void stream.write({ log: '', batch: encodeBatch(records, producer) });
  };
  const run = async (ms: number, isCounted: boolean): Promise<number> => {
    const beganMs = performance.now();
    let batches = 0;
    for (let at = 0; at < inFlight; at += 1) send();
    while (sentAtMs.length > 0) {
      const { value } = await answers.next();
      if (value?.result?.$case !== 'appended') throw new Error(`an append failed: ${JSON.stringify(value)}`);
      const nowMs = performance.now();
      const tookMs = nowMs - sentAtMs.shift()!;
      batches += 1;
      if (isCounted) latencies.record(Math.max(1, Math.round(tookMs * 1000)));
      if (nowMs - beganMs < ms) send();
    }
    return (batches * recordsPerBatch * 1000) / (performance.now() - beganMs);
  };
  await run(warmUpMs, false);
  const recordsPerSecond = Math.round(await run(seconds * 1000, true));
  stream.end();
  const msAt = (percentile: number): number => Math.round(latencies.percentile(percentile) / 10) / 100;
  return { recordsPerSecond, p50Ms: msAt(50), p99Ms: msAt(99) };
}

/** The most memory that a process ever had, as Linux counts it. */
async function peakRssMbOf(node: NodeProcess): Promise<number> {
  const status = await readFile(`/proc/${node.process!.pid}/status`, 'utf8');
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return Math.round((Number(kibibytes) * 1024) / megabyte);
}

function readFlags(): { readonly seconds: number; readonly rounds: number; readonly json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const seconds = integerFlag('--seconds', values.seconds, 1, 600) ?? 5;
    return { seconds, rounds: integerFlag('--rounds', values.rounds, 1, 100) ?? 3, json: values.json };
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: pnpm bench:cluster [--seconds N] [--rounds N] [--json]`);
    process.exit(2);
  }
}
