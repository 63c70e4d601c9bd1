import type { Command } from 'commander';
import { type RoundTrip, roundTrip } from '../demo/round-trip.js';
import { exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { filesTable, segmentsTable } from '../presentation/log-files.js';
import { duration, size, some } from '../presentation/quantity.js';

interface DemoOptions {
  readonly dir?: string;
  readonly keep?: boolean;
}

export function demoCommand(parent: Command, invocation: Invocation): void {
  parent
    .command('demo')
    .description('append a file to a log of its own, line by line, read it back and compare')
    .argument('[file]', 'the file; a text of our own unless told')
    .option('--dir <dir>', 'make the log in this directory, and keep it')
    .option('--keep', 'keep the log that is made in a temporary directory')
    .action(async (file: string | undefined, options: DemoOptions) => {
      await demo(file, options, invocation);
    });
}

async function demo(named: string | undefined, options: DemoOptions, invocation: Invocation): Promise<void> {
  const { world, pathOf } = invocation;
  const file = named === undefined ? world.demoText : pathOf(named);
  const isKept = options.dir !== undefined || options.keep === true;
  const temporary = options.dir === undefined ? world.makeTemporaryDirectory(isKept) : undefined;
  const dir = temporary?.path ?? pathOf(options.dir!);
  try {
    const trip = await roundTrip({ file, dir }, world);
    if (!trip.isIdentical || !trip.verification.isSound) invocation.status = exitStatus.negative;
    const source = named ?? 'a text that comes with this command';
    const text = inWords(trip, { source, isKept, commandName: world.commandName });
    invocation.print({ json: report(trip, file, isKept), text });
  } finally {
    if (!isKept) await temporary?.remove();
  }
}

function report({ verification, description, ...trip }: RoundTrip, file: string, isKept: boolean): object {
  const { dir, files, segments: segmentList } = description;
  const { isSound, findings } = verification;
  return { file, dir, isKept, ...trip, isSound, findings, segmentList, files };
}

interface Telling {
  /** The text, as whoever asked knows it. */
  readonly source: string;
  readonly isKept: boolean;
  readonly commandName: string;
}

function inWords(trip: RoundTrip, { source, isKept, commandName }: Telling): string {
  const { dir, files, segments } = trip.description;
  const text = `${some(trip.lines, 'line')}, ${size(trip.bytes)}`;
  const { isSound, findings } = trip.verification;
  const paragraphs = [
    'A file goes into a log on disk, line by line, and comes back.\n',
    facts([
      ['text', `${source}: ${text}`],
      [
        'appended',
        `${some(trip.records, 'record')} in ${some(trip.groups, 'group')} of one write and one sync each, ${some(trip.syncs, 'sync')} in all: ${duration(trip.appendMs)}`,
      ],
      ['opened', `after it was closed, as at a restart: ${duration(trip.openMs)}`],
      ['read back', `${trip.isIdentical ? 'byte for byte the same' : 'NOT the same'}: ${duration(trip.readMs)}`],
      [
        'verified',
        `${isSound ? 'every checksum is right' : 'DAMAGED'}, in ${some(trip.segments, 'segment')}: ${duration(trip.verifyMs)}`,
      ],
    ]),
    ...(isSound ? [] : [findings.map(({ file: name, message }) => `  ${name}: ${message}\n`).join('')]),
    `On disk, in ${dir}${isKept ? '' : ', until this ends'}:\n\n${filesTable(files, { isAbridged: true })}`,
    `The segments. An index counts batches, from 1; an offset counts records, from 0:\n\n${segmentsTable(segments, { isAbridged: true })}`,
    trip.isIdentical && isSound ? proved : failed(dir),
    next(dir, isKept, commandName),
  ];
  return paragraphs.join('\n');
}

function facts(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `  ${name.padEnd(11)}${value}\n`).join('');
}

const proved = `What this shows: an append is acknowledged when its bytes are synced, appends that wait at the same time share
a sync, and after a restart every record is there, unchanged, in order, under its offset.
What it does not show: a power cut (the log's crash tests cut it before every operation of a simulated disk),
and other machines: there is no cluster yet.
`;

function failed(dir: string): string {
  return `What came back is not what went in: that must never happen. Please report it, with --dir ${dir} if you can.\n`;
}

function next(dir: string, isKept: boolean, commandName: string): string {
  const commands = isKept
    ? [
        [`${commandName} log inspect ${dir}`, 'what it is made of'],
        [`${commandName} log verify ${dir}`, 'is it whole? Change a byte of a .log file, and ask again'],
      ]
    : [
        [`${commandName} demo FILE`, 'the same with a file of yours'],
        [`${commandName} demo --dir DIR`, 'the log stays, to be looked at'],
      ];
  const width = Math.max(...commands.map(([command]) => command!.length));
  return `Next:\n\n${commands.map(([command, what]) => `  ${command!.padEnd(width)}  ${what}\n`).join('')}`;
}
