import { Buffer } from 'node:buffer';
import type { Commitlog, LogRecord, ReadFrom, RecordBatch } from '@commitlog/client';
import { type Command, Option } from 'commander';
import { CommandError } from '../errors.js';
import type { Format, Invocation } from '../invocation.js';
import { integer } from '../kinds.js';
import { type LogClientOptions, withLog, withLogFlags } from '../log-client.js';
import { requireGoing } from '../pause.js';
import { delimiterOption } from '../records/delimiter.js';
import { type Place, place, readFrom } from '../records/place.js';
import { recordJson } from '../records/record-json.js';
import { recordLine } from '../records/record-line.js';

interface ReadingOptions extends LogClientOptions {
  readonly follow?: boolean;
  readonly limit?: number;
  readonly linearizable?: boolean;
  readonly format: 'value' | 'line';
  readonly delimiter: Buffer;
}

interface ConsumeOptions extends ReadingOptions {
  readonly from?: Place;
  readonly last?: number;
}

interface TailOptions extends ReadingOptions {
  readonly last: number;
}

const footer = `
With --output ndjson, each record is a line { offset, term, timeMs, producerTimeMs, key, headers, value }; what is no UTF-8 is base64,
under valueBase64 and keyBase64. With --json, it is one object { records: […], nextOffset }.`;

export function consumeCommand(parent: Command, invocation: Invocation): void {
  withReading(parent.command('consume'), 'value')
    .description('print records, from the start unless told, to the end')
    .option('--from <place>', 'start, end, an offset, a time (2026-01-31T12:00:00Z), or how long ago (15min)', place)
    .option('--last <number>', 'begin so many records before the end', integer())
    .addHelpText(
      'after',
      `${footer}

Examples:
  commitlog consume
  commitlog consume --from 15min --follow | grep error
  commitlog consume --from 1000 --limit 10 --output ndjson
  commitlog consume --delimiter '\\0' | xargs -0 ls -d`,
    )
    .action(async (options: ConsumeOptions) => {
      if (options.from !== undefined && options.last !== undefined) {
        throw new CommandError('usage', '--from and --last contradict each other: leave one of the two');
      }
      const where = readFrom(options.from ?? 'start', invocation.world.clock.wallMs());
      const from = options.last === undefined ? where : { last: options.last };
      await withLog(options, invocation, (log, signal) => consume(log, { ...options, from }, signal, invocation));
    });
}

export function tailCommand(parent: Command, invocation: Invocation): void {
  withReading(parent.command('tail'), 'line')
    .description('print the last records, for people to read')
    .option('-n, --last <number>', 'so many', integer(), 10)
    .addHelpText('after', `${footer}\n\nExamples:\n  commitlog tail\n  commitlog tail -n 100 --follow`)
    .action((options: TailOptions) =>
      withLog(options, invocation, (log, signal) =>
        consume(log, { ...options, from: { last: options.last } }, signal, invocation),
      ),
    );
}

function withReading(command: Command, format: ReadingOptions['format']): Command {
  return withLogFlags(command)
    .option('-f, --follow', 'wait at the end for more, until Ctrl-C')
    .option('--limit <number>', 'end after so many', integer())
    .option('--linearizable', 'see everything that was acknowledged before, whichever server it is')
    .addOption(
      new Option(
        '--format <format>',
        'value: its bytes, and a delimiter; line: offset, time, key and value, to be read',
      )
        .choices(['value', 'line'])
        .default(format),
    )
    .addOption(delimiterOption('what follows each value'));
}

async function consume(
  log: Commitlog,
  { from, follow = false, limit, linearizable = false, ...options }: ReadingOptions & { readonly from: ReadFrom },
  signal: AbortSignal,
  { world, format }: Invocation,
): Promise<void> {
  const { out } = world;
  const consistency = linearizable ? 'linearizable' : 'committed';
  const reading = log.read({ from, follow, consistency, signal, ...(limit !== undefined && { limit }) });
  const printed = printerOf(format, options);
  out.write(printed.head);
  try {
    for await (const batch of reading.batches()) {
      out.write(printed.batch(batch));
      await out.drained();
      if (out.isClosed) return;
    }
  } catch (error) {
    // What has been printed is to be whole, whatever ends it.
    out.write(printed.tail(reading.nextOffset));
    requireGoing(signal);
    throw error;
  }
  out.write(printed.tail(reading.nextOffset));
}

interface Printer {
  readonly head: string;
  batch(batch: RecordBatch<Uint8Array>): string | Buffer;
  tail(nextOffset: number | undefined): string;
}

function printerOf(format: Format, options: Pick<ReadingOptions, 'format' | 'delimiter'>): Printer {
  const lines = (print: (record: LogRecord<Uint8Array>) => string): Printer => ({
    head: '',
    batch: ({ records }) => records.map(print).join(''),
    tail: () => '',
  });
  if (format === 'ndjson') return lines((record) => `${JSON.stringify(recordJson(record))}\n`);
  if (format === 'json') {
    let between = '';
    return {
      ...lines((record) => {
        const text = `${between}${JSON.stringify(recordJson(record))}`;
        between = ',';
        return text;
      }),
      head: '{"records":[',
      tail: (nextOffset) => `],"nextOffset":${nextOffset ?? null}}\n`,
    };
  }
  if (options.format === 'line') return lines(recordLine);
  return {
    head: '',
    batch: ({ records }) => Buffer.concat(records.flatMap(({ value }) => [value, options.delimiter])),
    tail: () => '',
  };
}
