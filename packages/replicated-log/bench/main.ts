/**
 * What the replicated log costs: three members in this process, on this disk, every append synced on a quorum; and what a full table of
 * producers takes.
 *
 *     pnpm --filter @commitlog/replicated-log bench [--seconds N] [--json]
 *
 * With --json the last line of standard output is `{ "cases": [{ "recordsPerBatch", "inFlight", "recordsPerSecond", "p50Ms", "p99Ms" }…],
 * "producers": { "producers", "batchesEach", "heldMb", "checkpointMb", "encodeMs", "decodeMs", "cloneMs" } }`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { MemoryNetwork, memberId, RaftHost } from '@commitlog/raft';
import { encodeBatch } from '@commitlog/record';
import { nodeClock as clock, nodeFiles as files, nodeRandom as random } from '@commitlog/runtime/node';
import { integerFlag } from '../../../scripts/flags.mjs';
import { ReplicatedLog } from '../src/index.js';
import { decodeProducers, encodeProducers } from '../src/producer-codec.js';
import { ProducerTable } from '../src/producer-table.js';

const record = { value: Buffer.alloc(256, 'x') };
const roundsPerCase = 5;
const flags = readFlags();

// The clock's timers do not keep a process alive.
const alive = setInterval(() => {}, 1000);
const cases = [];
for (const [recordsPerBatch, inFlight] of [
  [1, 1],
  [1, 64],
  [100, 64],
  [1000, 32],
] as const) {
  cases.push(await appends(recordsPerBatch, inFlight));
}
const report = { cases, producers: fullTable(100_000, 64) };
clearInterval(alive);
console.log(flags.json ? JSON.stringify(report) : report);

/** The median of several rounds, each on a cluster of its own. */
async function appends(recordsPerBatch: number, inFlight: number) {
  const rounds = [];
  for (let round = 0; round < roundsPerCase; round += 1) rounds.push(await appendRound(recordsPerBatch, inFlight));
  rounds.sort((one, other) => one.recordsPerSecond - other.recordsPerSecond);
  return { recordsPerBatch, inFlight, ...rounds[Math.floor(rounds.length / 2)]! };
}

async function appendRound(recordsPerBatch: number, inFlight: number) {
  const base = await mkdtemp(`${tmpdir()}/replicated-log-bench-`);
  const logs = await cluster(base);
  const leader = logs.find((log) => log.member.isLeader)!;
  const records = Array.from({ length: recordsPerBatch }, () => record);
  const latencies: number[] = [];
  const producers = await Promise.all(Array.from({ length: inFlight }, () => leader.openProducer()));
  const run = async (ms: number): Promise<number> => {
    const startedMs = performance.now();
    let appended = 0;
    const client = async (producer: (typeof producers)[number]): Promise<void> => {
      for (let baseSequence = 0; performance.now() - startedMs < ms; baseSequence += recordsPerBatch) {
        const sentMs = performance.now();
        await leader.append(encodeBatch(records, { ...producer, baseSequence }));
        latencies.push(performance.now() - sentMs);
        appended += recordsPerBatch;
      }
    };
    await Promise.all(producers.map(client));
    return (appended * 1000) / (performance.now() - startedMs);
  };
  const recordsPerSecond = Math.round(await run(flags.seconds * 1000));
  await Promise.all(logs.map((log) => log.close()));
  await rm(base, { recursive: true });
  latencies.sort((one, other) => one - other);
  const at = (share: number): number => Number(latencies[Math.floor(latencies.length * share)]!.toFixed(3));
  return { recordsPerSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function cluster(base: string): Promise<ReplicatedLog[]> {
  const [network, nodes, storageId] = [new MemoryNetwork({ clock }), ['a', 'b', 'c'], '0'.repeat(32)];
  const founders = { voters: nodes.map((node) => memberId(node, storageId)), learners: [] };
  const logs = await Promise.all(
    nodes.map((node) => {
      const host = new RaftHost({}, { clock, transport: network.transport(node) });
      host.start();
      const settings = { id: 'bench', node, dir: `${base}/${node}`, founders, raft: { electionTimeoutMs: 500 } };
      return ReplicatedLog.open(settings, { host, files, clock, random });
    }),
  );
  while (!logs.some((log) => log.member.isLeader)) await new Promise((resolve) => setTimeout(resolve, 20));
  return logs;
}

/** As many producers as are remembered, each with some batches. */
function fullTable(count: number, batchesEach: number) {
  globalThis.gc?.();
  const before = heldBytes();
  const table = new ProducerTable();
  for (let id = 1; id <= count; id += 1)
    table.opened({ id: 0, epoch: 0, subject: `subject ${id % 100}`, name: `${id}` }, id);
  for (let round = 0, offset = 0; round < batchesEach; round += 1) {
    for (let id = 1; id <= count; id += 1, offset += 10) {
      table.appended(id, 0, { sequence: 10 * round, count: 10, offset, term: 3, time: 1.7e12 + offset });
    }
  }
  globalThis.gc?.();
  const heldMb = (heldBytes() - before) / 2 ** 20;
  const [bytes, encodeMs] = timed(() => encodeProducers(table));
  const [, decodeMs] = timed(() => decodeProducers(bytes));
  const [, cloneMs] = timed(() => table.clone());
  const checkpointMb = bytes.length / 2 ** 20;
  const rounded = Object.entries({ heldMb, checkpointMb, encodeMs, decodeMs, cloneMs }).map(
    ([name, value]) => [name, Math.round(value)] as const,
  );
  return { producers: count, batchesEach, ...Object.fromEntries(rounded) };
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function timed<T>(run: () => T): readonly [T, number] {
  const startedMs = performance.now();
  return [run(), performance.now() - startedMs];
}

function readFlags(): { readonly seconds: number; readonly json: boolean } {
  try {
    const { values } = parseArgs({
      options: { seconds: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    return { seconds: integerFlag('--seconds', values.seconds, 1, 600) ?? 2, json: values.json };
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: bench [--seconds N] [--json]`);
    process.exit(2);
  }
}
