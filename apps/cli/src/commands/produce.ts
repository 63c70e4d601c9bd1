import type { Buffer } from 'node:buffer';
import type { Appended, Commitlog, Producer, RecordOptions } from '@commitlog/client';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { type LogClientOptions, withLog, withLogFlags } from '../log-client.js';
import { Progress } from '../presentation/progress.js';
import { count, range, some } from '../presentation/quantity.js';
import { delimiterOption } from '../records/delimiter.js';
import { chunksOf, until } from '../records/input.js';
import { recordOfJson } from '../records/record-json.js';
import { Splitter } from '../records/splitter.js';

interface ProduceOptions extends LogClientOptions {
  readonly file?: string;
  readonly delimiter: Buffer;
  readonly format: 'value' | 'ndjson';
  readonly key?: string;
  readonly header?: readonly Header[];
  readonly name?: string;
}

interface Header {
  readonly key: string;
  readonly value: string;
}

export function produceCommand(parent: Command, invocation: Invocation): void {
  withLogFlags(parent.command('produce'))
    .description('append what comes on standard input, a line a record, as it comes; each exactly once, and in order')
    .option('--file <file>', 'append what is in a file instead')
    .addOption(delimiterOption('what ends a record, and is no part of it'))
    .addOption(
      new Option('--format <format>', 'value: a record is its bytes; ndjson: a line of JSON, as consume prints it')
        .choices(['value', 'ndjson'])
        .default('value'),
    )
    .option('--key <text>', 'the key of every record')
    .option('--header <name=value>', 'a header of every record; may be given more than once', header)
    .option('--name <name>', 'produce under this name: whoever else does is fenced off')
    .addHelpText(
      'after',
      `
With --output ndjson, each acknowledgement is a line { offset, term, timeMs }. It ends when the input does; on Ctrl-C, when what was
read is acknowledged. The first failure ends it, too: what is in the log then is the input up to some record.

Examples:
  echo hello | commitlog produce
  tail -f app.log | commitlog produce --header host=$(hostname)
  find . -print0 | commitlog produce --delimiter '\\0'
  commitlog consume --output ndjson | commitlog produce --format ndjson --servers other:7654`,
    )
    .action((options: ProduceOptions) =>
      withLog(options, invocation, (log, signal) => produce(log, options, signal, invocation)),
    );
}

async function produce(
  log: Commitlog,
  options: ProduceOptions,
  signal: AbortSignal,
  invocation: Invocation,
): Promise<void> {
  const { world, pathOf, format, print } = invocation;
  const acknowledgements = new Acknowledgements(new Progress(world.err, world.clock), (appended) => {
    if (format === 'ndjson') world.out.write(`${JSON.stringify(placeOf(appended))}\n`);
  });
  const failure = new AbortController();
  const producer = log.producer(options.name === undefined ? {} : { name: options.name });
  const input = options.file === undefined ? world.in.chunks() : chunksOf(pathOf(options.file), world);
  try {
    for await (const { value, options: own } of recordsIn(
      until(input, AbortSignal.any([signal, failure.signal])),
      options,
    )) {
      await producer.ready;
      producer.append(value, own).then(acknowledgements.add, () => failure.abort());
      // Acknowledgements that nobody takes do not pile up here.
      if (format === 'ndjson') await world.out.drained();
    }
    await producer.close();
  } catch (error) {
    await settled(producer);
    acknowledgements.end();
    world.err.write(`${acknowledgements.inWords()} before it went wrong\n`);
    throw error;
  }
  acknowledgements.end();
  const { records, first, last } = acknowledgements;
  const json = { records, firstOffset: first?.offset ?? null, lastOffset: last?.offset ?? null };
  // Of those that are told one by one, that was all.
  print({ json, lines: [], text: `${acknowledgements.inWords()}\n` });
  if (signal.aborted) invocation.status = exitStatus.interrupted;
}

/** What went wrong first is what is to be told. */
async function settled(producer: Producer<Uint8Array>): Promise<void> {
  await producer.close().catch(() => {});
}

function placeOf({ offset, term, timeMs }: Appended): object {
  return { offset, term, timeMs };
}

async function* recordsIn(
  chunks: AsyncIterable<Uint8Array>,
  { delimiter: ends, format, key, header: headers = [] }: ProduceOptions,
): AsyncGenerator<{ readonly value: Buffer; readonly options: RecordOptions }> {
  const splitter = new Splitter(ends);
  const shared: RecordOptions = { ...(key !== undefined && { key }), ...(headers.length > 0 && { headers }) };
  let number = 0;
  const made = (piece: Buffer): { value: Buffer; options: RecordOptions } => {
    number += 1;
    if (format === 'value') return { value: piece, options: shared };
    const { value, options } = recordOfJson(piece, number);
    return { value, options: { ...options, ...shared } };
  };
  for await (const chunk of chunks) for (const piece of splitter.push(chunk)) yield made(piece);
  for (const piece of splitter.end()) yield made(piece);
}

/** What was acknowledged so far. */
class Acknowledgements {
  records = 0;
  first: Appended | undefined;
  last: Appended | undefined;
  readonly #progress: Progress;
  readonly #each: (appended: Appended) => void;

  constructor(progress: Progress, each: (appended: Appended) => void) {
    this.#progress = progress;
    this.#each = each;
  }

  add = (appended: Appended): void => {
    this.records += 1;
    this.first ??= appended;
    this.last = appended;
    this.#each(appended);
    this.#progress.show(() => this.inWords());
  };

  end(): void {
    this.#progress.end();
  }

  inWords(): string {
    if (this.first === undefined || this.last === undefined) return 'appended nothing';
    const { offset: first } = this.first;
    const { offset: last } = this.last;
    const others = last - first + 1 - this.records;
    // Others append, too: then there is more between the two than this.
    const where = others === 0 ? `offset ${range(first, last)}` : `between offsets ${count(first)} and ${count(last)}`;
    return `appended ${some(this.records, 'record')}, ${where}`;
  }
}

function header(text: string, before: readonly Header[] = []): Header[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected name=value.');
  return [...before, { key: text.slice(0, at), value: text.slice(at + 1) }];
}
