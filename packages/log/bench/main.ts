/**
 * How fast the log is, each case beside a bare loop that does the least that such a log must do, in turn, in one run.
 *
 *     pnpm --filter @commitlog/log bench [--rounds N] [--round-ms N] [--large-gb N] [--dir DIR] [--json]
 *
 * With --json the last line of standard output is `{ "append": [{ "writers", "recordsPerBatch", "recordsPerSecond", "ratioToRaw" }…4],
 * "read": { "bytesPerSecond", "ratioToRaw" }, "open": { "segments", "bytes", "ms" }, "indexBytesPerGb", "memory": { "settledMb", "peakMb" } }`.
 * It needs as much disk as --large-gb says (10 unless told), below --dir (the system's temporary directory unless told).
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { integerFlag } from '../../../scripts/flags.mjs';
import { type AppendCase, appendCases } from './append.js';
import { runCase } from './case.js';
import { median } from './median.js';

const usage = 'usage: bench [--rounds N] [--round-ms N] [--large-gb N] [--dir DIR] [--json]';
const readBytes = 1e9;

/** What the compiler makes of the code is decided early in a process's life: rounds of several, and their median, do not hang on its luck. */
const processes = 3;

const flags = readFlags();
const place = { ...flags, rounds: Math.ceil(flags.rounds / processes) };
const append: (AppendCase & { recordsPerSecond: number; ratioToRaw: number })[] = [];
for (const [at, testCase] of appendCases.entries()) {
  const rates = await inProcesses(`append, case ${at + 1} of ${appendCases.length}`, () =>
    runCase('append', { ...testCase, roundMs: flags.roundMs }, place),
  );
  const { rate: recordsPerSecond, ratioToRaw } = compared(rates);
  append.push({ ...testCase, recordsPerSecond, ratioToRaw });
}
const { rate: bytesPerSecond, ratioToRaw } = compared(
  await inProcesses('read', () => runCase('read', { bytes: readBytes }, place)),
);
const read = { bytesPerSecond, ratioToRaw };
const large = await runCase('large', { bytes: flags.largeGb * 1e9 }, flags, (done) =>
  show(`a log of ${flags.largeGb} GB: ${Math.round(done * 100)} %`),
);
show('');

if (flags.isJson) console.log(JSON.stringify({ append, read, ...large }));
else {
  for (const { writers, recordsPerBatch, recordsPerSecond, ratioToRaw } of append) {
    console.log(
      `append, ${writers} writers × ${recordsPerBatch} records of 256 B: ${recordsPerSecond} records/s, ${ratioToRaw.toFixed(2)} of the bare loop`,
    );
  }
  console.log(`read: ${Math.round(read.bytesPerSecond / 1e6)} MB/s, ${read.ratioToRaw.toFixed(2)} of the bare loop`);
  const { open, indexBytesPerGb, memory } = large;
  console.log(`open ${(open.bytes / 1e9).toFixed(1)} GB in ${open.segments} segments: ${open.ms.toFixed(1)} ms`);
  console.log(`index: ${indexBytesPerGb} bytes of memory for each GB`);
  console.log(
    `memory while appending it: ${memory.settledMb} MB after a fifth, ${memory.peakMb} MB at most from then on`,
  );
}

interface Rates {
  readonly ours: readonly number[];
  readonly raw: readonly number[];
}

/** The rounds of several processes, one after the other. */
async function inProcesses(what: string, run: () => Promise<Rates>): Promise<Rates> {
  const all: Rates[] = [];
  while (all.length < processes) {
    show(`${what}, process ${all.length + 1} of ${processes}`);
    all.push(await run());
  }
  return { ours: all.flatMap(({ ours }) => ours), raw: all.flatMap(({ raw }) => raw) };
}

function compared({ ours, raw }: Rates): { rate: number; ratioToRaw: number } {
  return { rate: Math.round(median(ours)), ratioToRaw: median(ours) / median(raw) };
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string' },
        'round-ms': { type: 'string' },
        'large-gb': { type: 'string' },
        dir: { type: 'string', default: tmpdir() },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      rounds: integerFlag('--rounds', values.rounds, 1, 1000) ?? 9,
      roundMs: integerFlag('--round-ms', values['round-ms'], 10, 60_000) ?? 1000,
      largeGb: integerFlag('--large-gb', values['large-gb'], 1, 1000) ?? 10,
      dir: values.dir,
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

function show(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
}
