/**
 * How fast the SDK is, beside bare loops over the same calls, in one run: three agents as processes and this program, on this machine, over mutual TLS, every
 * acknowledgement synced on a quorum.
 *
 *     pnpm --filter @commitlog/client bench [--seconds N] [--rounds N] [--read-records N] [--slow-megabytes N] [--json]
 *
 * With --json the last line of standard output is `{ "singlesInFlight1000PerSecond", "oneAtATimeP50Ms",
 * "rawP50Ms", "readRecordsPerSecond", "slowReaderGrowthMb", … }`: medians of the rounds. Records have 256 bytes.
 */
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ClientTls, pemFiles } from '@commitlog/api';
import { integerFlag } from '../../../scripts/flags.mjs';
import { type Commitlog, connect } from '../src/index.js';
import { BenchCluster } from './cluster.js';
import { RawLoops } from './raw-loops.js';

const value = Buffer.alloc(256, 'x');
const megabyte = 1_000_000;
const flags = readFlags();
const say = (text: string): void => {
  if (!flags.json) console.log(text);
  else if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
};

const cluster = await BenchCluster.start();
const stop = async (): Promise<void> => await cluster.stop();
process.once('SIGINT', () => void stop().finally(() => process.exit(130)));
let failed = false;
try {
  const log = await connected();
  // They have become voters by then.
  await sleep(3000);
  const tls = await ClientTls.open(pemFiles(cluster.tls), { reloadMs: 0 });
  const raw = new RawLoops(addressesOf(log), tls);
  say('warming up');
  await singles(log, 2000);
  await oneAtATime(log, 500);

  const [bare, sdk, rawP50, sdkP50] = [[], [], [], []] as [number[], number[], number[], number[]];
  for (let round = 0; round < flags.rounds; round += 1) {
    bare.push(await raw.batchesOf(500, 2, flags.seconds * 1000));
    sdk.push(await singles(log, flags.seconds * 1000));
    rawP50.push(await bareP50(raw, flags.seconds * 500));
    sdkP50.push(await oneAtATime(log, flags.seconds * 500));
    say(
      `round ${round + 1}: singles ${sdk.at(-1)}/s, bare batches of 500 ${bare.at(-1)}/s; one at a time ${sdkP50.at(-1)} ms, bare ${rawP50.at(-1)} ms`,
    );
  }
  const slow = flags.slowMegabytes === 0 ? undefined : await slowReader(log, flags.slowMegabytes * megabyte);
  await fill(log, flags.readRecords);
  await raw.caughtUp();
  const [reads, batchReads, rawReads] = [[], [], []] as [number[], number[], number[]];
  for (let round = 0; round < flags.rounds; round += 1) {
    rawReads.push(await raw.read(flags.readRecords));
    reads.push(await readRecords(log, flags.readRecords));
    batchReads.push(await readBatches(log, flags.readRecords));
    say(
      `round ${round + 1}: reading ${reads.at(-1)} records/s, by batches ${batchReads.at(-1)}, bare ${rawReads.at(-1)}`,
    );
  }
  raw.close();
  tls.close();
  await log.close();
  const result = {
    singlesInFlight1000PerSecond: median(sdk),
    oneAtATimeP50Ms: median(sdkP50),
    rawP50Ms: median(rawP50),
    readRecordsPerSecond: median(reads),
    slowReaderGrowthMb: slow?.growthMb,
    slowReaderServerGrowthMb: slow?.serverGrowthMb,
    readRecordsByBatchesPerSecond: median(batchReads),
    rawReadRecordsPerSecond: median(rawReads),
    rawBatchesOf500PerSecond: median(bare),
    oneAtATimeToRaw: Math.round((median(sdkP50) / median(rawP50)) * 100) / 100,
  };
  console.log(flags.json ? JSON.stringify(result) : result);
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  await stop();
}
process.exit(failed ? 1 : 0);

function addressesOf({ cluster: { servers } }: Commitlog) {
  const addresses = (isLeader: boolean): string[] =>
    servers.filter((server) => server.isLeader === isLeader).map(({ address }) => address);
  return { leader: addresses(true)[0]!, followers: addresses(false) };
}

/** Connects once all three serve and one of them leads. */
async function connected(): Promise<Commitlog> {
  for (;;) {
    const log = await connect({ servers: cluster.servers, tls: cluster.tls });
    const { servers } = log.cluster;
    if (servers.length === 3 && servers.some(({ isLeader }) => isLeader)) return log;
    await log.close();
    await sleep(200);
  }
}

/** A thousand callers, each with one append under way. */
async function singles(log: Commitlog, ms: number): Promise<number> {
  const beganMs = performance.now();
  let done = 0;
  const work = async (): Promise<void> => {
    while (performance.now() - beganMs < ms) {
      await log.append(value);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 1000 }, work));
  return Math.round((done * 1000) / (performance.now() - beganMs));
}

async function oneAtATime(log: Commitlog, ms: number): Promise<number> {
  return await p50Of(ms, () => log.append(value));
}

/** On a stream of its own: one on which nothing comes is ended by the server. */
async function bareP50(raw: RawLoops, ms: number): Promise<number> {
  const singles = await raw.singles();
  const p50 = await p50Of(ms, singles.act);
  singles.end();
  return p50;
}

async function p50Of(ms: number, act: () => Promise<unknown>): Promise<number> {
  const latencies = createHistogram();
  const beganMs = performance.now();
  for (let nowMs = beganMs; nowMs - beganMs < ms; ) {
    await act();
    const endMs = performance.now();
    latencies.record(Math.max(1, Math.round((endMs - nowMs) * 1000)));
    nowMs = endMs;
  }
  return latencies.percentile(50) / 1000;
}

async function fill(log: Commitlog, count: number): Promise<void> {
  say(`writing ${count} records to read`);
  const producer = log.producer();
  for (let at = 0; at < count; at += 1) {
    if (at % 256 === 0) await producer.ready;
    void producer.append(value);
  }
  await producer.close();
}

async function readRecords(log: Commitlog, count: number): Promise<number> {
  const beganMs = performance.now();
  let [found, bytes] = [0, 0];
  for await (const record of log.read({ from: { last: count }, limit: count, consistency: 'linearizable' })) {
    found += 1;
    bytes += record.value.length;
  }
  return rateOf(found, bytes, count, beganMs);
}

async function readBatches(log: Commitlog, count: number): Promise<number> {
  const beganMs = performance.now();
  let [found, bytes] = [0, 0];
  for await (const batch of log.read({ from: { last: count }, limit: count, consistency: 'linearizable' }).batches()) {
    found += batch.records.length;
    for (const record of batch.records) bytes += record.value.length;
  }
  return rateOf(found, bytes, count, beganMs);
}

function rateOf(found: number, bytes: number, count: number, beganMs: number): number {
  if (found !== count || bytes !== count * value.length) throw new Error(`read ${found} records, expected ${count}`);
  return Math.round((found * 1000) / (performance.now() - beganMs));
}

/** A producer, and a reader that takes a tenth of what it gives: how much this process grows, and the server that grows most. */
async function slowReader(log: Commitlog, bytes: number): Promise<{ growthMb: number; serverGrowthMb: number }> {
  say(`writing ${Math.round(bytes / megabyte)} MB past a slow reader`);
  const producer = log.producer();
  const large = Buffer.alloc(16_384, 'y');
  let written = 0;
  let read = 0;
  let isOver = false;
  const reading = log.read({ from: 'end', follow: true });
  const reader = (async () => {
    for await (const record of reading) {
      read += record.value.length;
      while (!isOver && read * 10 > written) await sleep(2);
      if (isOver) break;
    }
  })();
  await producer.append(large);
  const write = async (upTo: number): Promise<number> => {
    let most = 0;
    while (written < upTo) {
      await producer.ready;
      void producer.append(large);
      written += large.length;
      if (written % (512 * large.length) === 0) most = Math.max(most, process.memoryUsage.rss());
    }
    return most;
  };
  // What the engine sets aside in any case is there after a while.
  await write(Math.max(bytes / 20, 200 * megabyte));
  globalThis.gc?.();
  const [before, serversBefore] = [process.memoryUsage.rss(), await cluster.rssBytes()];
  const most = await write(written + bytes);
  const serversAfter = await cluster.rssBytes();
  await producer.close();
  isOver = true;
  await reading.close();
  await reader;
  const serverGrowth = Math.max(...serversAfter.map((after, at) => after - serversBefore[at]!));
  const inMegabytes = (growth: number): number => Math.max(0, Math.round(growth / megabyte));
  return { growthMb: inMegabytes(most - before), serverGrowthMb: inMegabytes(serverGrowth) };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

function readFlags() {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      options: {
        seconds: text,
        rounds: text,
        'read-records': text,
        'slow-megabytes': text,
        json: { type: 'boolean', default: false },
      },
    });
    return {
      seconds: integerFlag('--seconds', values.seconds, 1, 600) ?? 4,
      rounds: integerFlag('--rounds', values.rounds, 1, 100) ?? 3,
      readRecords: integerFlag('--read-records', values['read-records'], 1000, 1e8) ?? 1_000_000,
      slowMegabytes: integerFlag('--slow-megabytes', values['slow-megabytes'], 0, 1e6) ?? 5000,
      json: values.json,
    };
  } catch (error) {
    console.error(
      `${(error as Error).message}\nusage: pnpm --filter @commitlog/client bench [--seconds N] [--rounds N] [--read-records N] [--slow-megabytes N] [--json]`,
    );
    process.exit(2);
  }
}
