import type { Command } from 'commander';
import { type BenchResult, type BenchSettings, bench, type What } from '../bench/bench.js';
import { type Durability, durabilityOf } from '../bench/durability.js';
import type { Measured } from '../bench/measured.js';
import { sizeMin } from '../bench/payload.js';
import type { Connection } from '../connection.js';
import { connectionOf } from '../connection.js';
import { CommandError, exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { bytes, integer } from '../kinds.js';
import { LocalCluster } from '../local-cluster/local-cluster.js';
import { type LogClientOptions, withConnectedLog, withLogFlags } from '../log-client.js';
import { facts } from '../presentation/facts.js';
import { count, size, some } from '../presentation/quantity.js';
import { table } from '../presentation/table.js';
import { recordBytesMax } from '../records/splitter.js';

interface BenchOptions extends LogClientOptions {
  readonly records: number;
  readonly warmUp?: number;
  readonly size?: number;
  readonly inFlight?: number;
  readonly rate?: number;
  readonly verify?: boolean;
  readonly cluster?: number;
}

const sizeDefault = 256;
const inFlightDefault = 1000;
const warmUpMax = 50_000;

export function benchCommands(parent: Command, invocation: Invocation): void {
  const group = parent.command('bench').description('measure how fast a cluster is, for a client on this machine');
  const described: Readonly<Record<What, string>> = {
    produce: 'append records, and measure how many a second, and how long each waits until a quorum has it on disk',
    consume: 'read records from the start, and measure how many a second, and how long each batch is waited for',
    both: 'append records, then read them back: both measured',
  };
  for (const what of ['produce', 'consume', 'both'] as const) {
    const command = withLogFlags(group.command(what))
      .description(described[what])
      .option('--records <number>', 'how many', integer(1), 100_000)
      .option('--warm-up <number>', `how many before it is measured (default: as many, up to ${warmUpMax})`, integer());
    if (what !== 'consume') {
      command
        .option('--size <bytes>', 'of each value', bytes, sizeDefault)
        .option(
          '--in-flight <number>',
          'appends under way at a time, each a call of its own',
          integer(1),
          inFlightDefault,
        )
        .option('--rate <number>', 'records a second; as fast as it goes unless told', integer(1))
        .option('--verify', 'look whether each is there, once, whole and in order; status 1 if not')
        .option(
          '--cluster <nodes>',
          'against a cluster of its own, of 1, 3 or 5 processes on this machine',
          integer(1),
        );
    }
    command
      .addHelpText(
        'after',
        what === 'consume' ? '\nExample:\n  commitlog bench consume --records 1000000' : examples(what),
      )
      .action((options: BenchOptions) => run(what, options, invocation));
  }
}

function examples(what: What): string {
  return `
Without --cluster, the records stay in the log. At a --rate, a record's time runs from when it was due.

Examples:
  commitlog bench ${what} --cluster 3 --records 1000000 --verify
  commitlog bench ${what} --records 10000 --in-flight 1       one at a time
  commitlog bench ${what} --rate 5000 --json`;
}

async function run(what: What, options: BenchOptions, invocation: Invocation): Promise<void> {
  const settings = settingsOf(what, options);
  if (options.cluster === undefined) {
    await measure(settings, connectionOf(options, invocation), options.log, invocation);
    return;
  }
  if (![1, 3, 5].includes(options.cluster)) {
    throw new CommandError('usage', `--cluster ${options.cluster}: expected 1, 3 or 5 nodes, which all vote`);
  }
  const { world } = invocation;
  const signal = world.interruption();
  const temporary = await world.makeTemporaryDirectory();
  try {
    // A machine that is busy is to make it slow, and not to have it elect.
    const own = { 'raft.election-timeout': '3 s', 'target-voters': options.cluster };
    const cluster = await LocalCluster.start(
      { dir: temporary.path, nodes: options.cluster, settings: own, signal },
      world,
    );
    try {
      await measure(settings, cluster.connection(), options.log, invocation, temporary);
    } finally {
      await cluster.stop();
    }
  } finally {
    await temporary.remove();
  }
}

/** @throws CommandError `usage` */
function settingsOf(what: What, options: BenchOptions): BenchSettings {
  const { records, warmUp = Math.min(records, warmUpMax), size: valueBytes = sizeDefault, rate } = options;
  if (valueBytes < sizeMin || valueBytes > recordBytesMax - 1024) {
    throw new CommandError('usage', `--size ${valueBytes}: expected ${sizeMin} to ${recordBytesMax - 1024} bytes`);
  }
  const { inFlight = inFlightDefault, verify = false } = options;
  return { what, records, warmUp, size: valueBytes, inFlight, verify, ...(rate !== undefined && { rate }) };
}

async function measure(
  settings: BenchSettings,
  connection: Connection,
  log: string,
  invocation: Invocation,
  directory?: { readonly path: string; readonly isInMemory: boolean },
): Promise<void> {
  const { world } = invocation;
  const durability = await durabilityOf(connection, world, directory);
  await withConnectedLog({ connection, log }, invocation, async (client, signal) => {
    const result = await bench(client, settings, signal, world);
    if (result.verified === false) invocation.status = exitStatus.negative;
    const json = { ...settings, ...result, durability, environment: world.machine };
    invocation.print({ json, text: inWords(settings, result, durability, invocation) });
  });
}

function inWords(
  { what, size: valueBytes, inFlight, rate }: BenchSettings,
  result: BenchResult,
  durability: Durability,
  { world }: Invocation,
): string {
  const rows = (['produce', 'consume'] as const)
    .map((name) => [name, result[name]] as const)
    .filter((row): row is [(typeof row)[0], Measured] => row[1] !== undefined)
    .map(([name, { records, recordsPerSecond, megabytesPerSecond, p50Ms, p90Ms, p99Ms, p999Ms, maxMs }]) => [
      name,
      ...[records, recordsPerSecond].map(count),
      ...[megabytesPerSecond, p50Ms, p90Ms, p99Ms, p999Ms, maxMs].map(String),
    ]);
  const numbers = ['records', 'records/s', 'MB/s', 'p50 ms', 'p90 ms', 'p99 ms', 'p99.9 ms', 'max ms'];
  const columns = [{ heading: '' }, ...numbers.map((heading) => ({ heading, isNumber: true }))];
  const { cpu, cores, memoryBytes, system, node } = world.machine;
  const paced =
    rate === undefined ? `${some(inFlight, 'append')} under way at a time` : `${count(rate)} due each second`;
  const told = facts([
    ...(what === 'consume' ? [] : ([['records', `${count(valueBytes)} B each, ${paced}`]] as const)),
    ['durability', durability.sentence],
    [
      'machine',
      `${some(cores, 'core')} of ${cpu}, ${size(memoryBytes)}, ${system}, Node.js ${node}; client and what else runs here share it`,
    ],
    ...(result.verified === undefined ? [] : ([['verified', verdict(result.verified)]] as const)),
  ]);
  return `${table(columns, rows)}\n${told}`;
}

function verdict(isVerified: boolean): string {
  return isVerified
    ? 'every record is there, once, whole and in order'
    : 'NOT every record is there, once, whole and in order';
}
