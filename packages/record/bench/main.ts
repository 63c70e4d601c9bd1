/**
 * How many records a second one core encodes and decodes, checksums included.
 *
 *     pnpm --filter @commitlog/record bench [--json] [--rounds N]
 *
 * In several processes, of which the median counts: what the compiler makes of the code is decided early in a process's life, and stays so.
 * In batches of 100 records: of batches much larger, each in fresh memory, the allocator gives the pages back to the system once
 * they are collected, and what is measured is how fast the system gives them again. Without --json both are shown.
 *
 * The last line of standard output with --json is `{ "encodeRecordsPerSecond", "decodeRecordsPerSecond" }`.
 */
import { Buffer } from 'node:buffer';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  admitBatch,
  BatchBuilder,
  checkBatch,
  encodeBatch,
  type RecordInput,
  records,
  stampBatch,
} from '../src/index.js';

const recordBytes = 256;
const keyBytes = 16;
const recordsPerBatch = 100;
const recordsPerLargeBatch = 1_000;
const recordsPerRound = 100_000;
const warmUpRounds = 5;
const processes = 7;

interface Subject {
  readonly name: string;
  /** How many records a batch has. */
  readonly records?: number;
  /** Handles one batch; what it returns is summed up, so that no work can be optimised away. */
  readonly run: () => number;
}

const plain = makeRecords(recordsPerBatch, 0);
const keyed = makeRecords(recordsPerBatch, keyBytes);
const many = makeRecords(recordsPerLargeBatch, 0);
const stampedPlain = makeStamped(plain);
const stampedKeyed = makeStamped(keyed);
const stampedMany = makeStamped(many);
const unstamped = encodeBatch(plain);
const builder = new BatchBuilder();

const encode: Subject = { name: 'encodeBatch', run: () => encodeBatch(plain).length };
const decode: Subject = { name: 'checkBatch, then records', run: () => decodeAll(stampedPlain) };
const all: readonly Subject[] = [
  encode,
  decode,
  { name: `encodeBatch, ${keyBytes} B of it a key`, run: () => encodeBatch(keyed).length },
  { name: `checkBatch, then records, ${keyBytes} B of it a key`, run: () => decodeAll(stampedKeyed) },
  { name: 'encodeBatch, 1,000 a batch', run: () => encodeBatch(many).length, records: recordsPerLargeBatch },
  { name: 'checkBatch, then records, 1,000 a batch', run: () => decodeAll(stampedMany), records: recordsPerLargeBatch },
  {
    name: 'BatchBuilder',
    run: () => {
      for (const record of plain) builder.add(record);
      return builder.build().length;
    },
  },
  {
    name: 'admitBatch',
    run: () => {
      admitBatch(unstamped);
      return unstamped.length;
    },
  },
];

if (process.send === undefined) await main();
else {
  const [, , at, rounds] = process.argv;
  process.send(measure(all[Number(at)]!, Number(rounds)));
  process.disconnect();
}

async function main(): Promise<void> {
  const { isJson, rounds } = readFlags();
  const subjects = isJson ? [encode, decode] : all;
  const rates = await measureInProcesses(subjects, rounds);
  if (isJson) {
    const [encodeRecordsPerSecond, decodeRecordsPerSecond] = rates.map(Math.round);
    console.log(JSON.stringify({ encodeRecordsPerSecond, decodeRecordsPerSecond }));
    return;
  }
  console.log(
    `records of ${recordBytes} B, ${recordsPerBatch} a batch where no number is named, median of ${processes} processes and of ${rounds} rounds in each, one core, checksums included`,
  );
  for (const [at, { name }] of subjects.entries()) {
    const millions = (rates[at]! / 1e6).toFixed(1).padStart(5);
    const megabytes = ((rates[at]! * recordBytes) / 1e6).toFixed(0).padStart(6);
    console.log(`${name.padEnd(44)} ${millions} million/s ${megabytes} MB/s`);
  }
}

/** Each subject's median rate over several processes, in records a second. They take turns, so that a slow moment of the machine hits all. */
async function measureInProcesses(subjects: readonly Subject[], rounds: number): Promise<number[]> {
  const rates: number[][] = subjects.map(() => []);
  for (let turn = 1; turn <= processes; turn += 1) {
    showProgress(`turn ${turn} of ${processes}`);
    for (const at of subjects.keys()) rates[at]!.push(await measureInProcess(at, rounds));
  }
  showProgress('');
  return rates.map(median);
}

async function measureInProcess(at: number, rounds: number): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), [String(at), String(rounds)]);
  const [rate] = await Promise.race([once(child, 'message'), once(child, 'exit').then(ended)]);
  return rate;
}

function ended([code]: unknown[]): never {
  throw new Error(`a process that measures ended with exit code ${code} before it had a result`);
}

function readFlags(): { isJson: boolean; rounds: number } {
  try {
    const { values } = parseArgs({
      options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '25' } },
    });
    const rounds = Number(values.rounds);
    if (!Number.isSafeInteger(rounds) || rounds < 1)
      throw new Error(`--rounds must be 1 or more, got "${values.rounds}"`);
    return { isJson: values.json, rounds };
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: bench [--json] [--rounds N]`);
    process.exit(2);
  }
}

function makeRecords(count: number, keyBytes: number): RecordInput[] {
  const time = Date.UTC(2026, 0, 1);
  return Array.from({ length: count }, (_, i) => ({
    key: keyBytes > 0 ? Buffer.alloc(keyBytes, i) : undefined,
    value: Buffer.alloc(recordBytes - keyBytes, i),
    time: time + i,
  }));
}

function makeStamped(input: readonly RecordInput[]): Buffer {
  const batch = encodeBatch(input);
  stampBatch(batch, { index: 1, term: 1, baseOffset: 1, appendTime: input[0]!.time! });
  return batch;
}

/** What a consumer does: checks the batch, and touches every key and value. */
function decodeAll(batch: Buffer): number {
  let sum = checkBatch(batch);
  for (const { key, value, offset } of records(batch)) sum += offset + (key?.[0] ?? 0) + value[value.length - 1]!;
  return sum;
}

/** @returns the median rate of the rounds, in records a second */
function measure(subject: Subject, rounds: number): number {
  for (let round = 0; round < warmUpRounds; round += 1) runRound(subject);
  return median(Array.from({ length: rounds }, () => runRound(subject)));
}

function runRound({ name, run, records = recordsPerBatch }: Subject): number {
  let sum = 0;
  const started = performance.now();
  for (let done = 0; done < recordsPerRound; done += records) sum += run();
  const seconds = (performance.now() - started) / 1000;
  if (sum <= 0) throw new Error(`${name} did nothing`);
  return recordsPerRound / seconds;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
