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
import { type AppendResult, appendCases } from './append.js';
import { runCase } from './case.js';

const usage = 'usage: bench [--rounds N] [--round-ms N] [--large-gb N] [--dir DIR] [--json]';
const readBytes = 1e9;

const flags = readFlags();
const append: AppendResult[] = [];
for (const [at, testCase] of appendCases.entries()) {
  show(`append, case ${at + 1} of ${appendCases.length}`);
  append.push(await runCase('append', { ...testCase, roundMs: flags.roundMs }, flags));
}
show('read');
const read = await runCase('read', { bytes: readBytes }, flags);
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
      rounds: integerFlag('--rounds', values.rounds, 1, 1000) ?? 7,
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
