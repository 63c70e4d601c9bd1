import { inspectLog, type LogDescription } from '@commitlog/log';
import type { Command } from 'commander';
import type { Invocation } from '../invocation.js';
import { logDirectoryIn } from '../log-directory.js';
import { filesTable, segmentsTable } from '../presentation/log-files.js';
import { count } from '../presentation/quantity.js';

export function inspectCommand(parent: Command, { world, pathOf, print }: Invocation): void {
  parent
    .command('inspect')
    .description('say what a log is made of, from its files; reads no batch and changes nothing')
    .argument('<dir>', 'of a log that nobody has open, or the data directory of an agent that does not run')
    .action(async (dir: string) => {
      const description = await inspectLog({ dir: await logDirectoryIn(pathOf(dir), world) }, world);
      print({ json: description, text: inWords(description) });
    });
}

function inWords({ dir, identity, start, segments, hardState, synced, checkpoints, files }: LogDescription): string {
  const { end } = segments.at(-1)!;
  const facts = [
    ['directory', dir],
    ['log', `${identity.log} of cluster ${identity.cluster}`],
    ['start', `index ${count(start.index + 1)}, offset ${count(start.nextOffset)}`],
    ['end', `index ${count(end.index)}, next offset ${count(end.nextOffset)}, term ${end.term}; there may be more`],
    [
      'synced',
      synced === undefined
        ? 'unknown: SYNCED cannot be read'
        : `segment ${synced.segmentId} up to byte ${count(synced.position)}`,
    ],
    ['hard state', hardStateInWords(hardState)],
    ['checkpoints', checkpoints.map(({ index, term }) => `index ${count(index)} of term ${term}`).join(', ') || 'none'],
  ];
  return [
    facts.map(([name, value]) => `${name!.padEnd(12)} ${value}\n`).join(''),
    segmentsTable(segments, { isAbridged: false }),
    filesTable(files, { isAbridged: false }),
  ].join('\n');
}

function hardStateInWords(hardState: LogDescription['hardState']): string {
  if (hardState === undefined) return 'unknown: HARDSTATE cannot be read';
  const { term, vote, commitHint, storageId } = hardState;
  return `term ${term}, ${vote === null ? 'no vote' : `vote for ${vote}`}, committed up to index ${count(commitHint)} or more, storage ${storageId}`;
}
