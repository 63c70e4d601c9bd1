import { type adminV1, offsetOutOfRange } from '@commitlog/api';
import type { Command } from 'commander';
import type { Admin } from '../cluster/admin.js';
import { type ConnectionOptions, withConnection } from '../connection.js';
import type { Invocation } from '../invocation.js';
import { integer } from '../kinds.js';
import { facts } from '../presentation/facts.js';
import { count, moment, range, size, some } from '../presentation/quantity.js';
import { withAdmin } from './cluster.js';

interface LogOptions extends ConnectionOptions {
  readonly log: string;
}

interface TrimOptions extends LogOptions {
  readonly before: number;
  readonly dryRun?: boolean;
}

export function logInfoCommand(parent: Command, invocation: Invocation): void {
  withConnection(parent.command('info'))
    .description(
      'say what a log of a cluster holds: offsets, times, and what it takes on the disk of the server that answers',
    )
    .option('--log <name>', 'the log', 'default')
    .action((options: LogOptions) =>
      withAdmin(options, invocation, async (admin) => {
        const info = shown(await infoOf(admin, options.log));
        const { start, end, records } = info;
        const told = facts([
          ['log', info.log],
          [
            'records',
            records === 0
              ? `none; the next offset is ${count(end)}`
              : `${count(records)}, offsets ${range(start, end - 1)}`,
          ],
          ['appended', info.firstAppend === null ? 'never' : `${info.firstAppend} to ${info.lastAppend ?? 'now'}`],
          ['batches', `committed up to index ${count(info.commitIndex)}, from ${count(info.startIndex)} on`],
          ['on disk', `${size(info.bytes)} in ${some(info.segments, 'segment')}`],
          ['producers', count(info.producers)],
        ]);
        invocation.print({ json: info, text: told });
      }),
    );
}

export function logTrimCommand(parent: Command, invocation: Invocation): void {
  withConnection(parent.command('trim'))
    .description("move a log's start: what is below is gone, on every replica, for good")
    .requiredOption('--before <offset>', 'the oldest offset that is to stay', integer())
    .option('--log <name>', 'the log', 'default')
    .option('--dry-run', 'only say what would go')
    .addHelpText('after', '\nExample:\n  commitlog log trim --before 1000000 --dry-run')
    .action((options: TrimOptions) => withAdmin(options, invocation, (admin) => trim(admin, options, invocation)));
}

async function trim(admin: Admin, { log, before, dryRun = false }: TrimOptions, { print }: Invocation): Promise<void> {
  const { startOffset, endOffset } = await admin.leader((client, timeoutMs) =>
    client.getLogInfo({ log }, { timeoutMs }),
  );
  const startBefore = Number(startOffset);
  if (dryRun) {
    // As the leader would refuse it.
    if (before > endOffset) throw offsetOutOfRange(before, { start: startBefore, end: Number(endOffset) });
    const gone = Math.max(before - startBefore, 0);
    const text =
      gone === 0
        ? `nothing would go: the log starts at offset ${count(startBefore)}\n`
        : `up to ${some(gone, 'record')} would go, offsets ${range(startBefore, before - 1)}; a batch stays whole\n`;
    return print({ json: { log, isDryRun: true, startBefore, start: startBefore, wouldRemove: gone }, text });
  }
  const request = { log, beforeOffset: BigInt(before) };
  const answer = await admin.leader((client, timeoutMs) => client.trimLog(request, { timeoutMs }));
  const start = Number(answer.startOffset);
  const removed = Math.max(start - startBefore, 0);
  const text = `removed ${some(removed, 'record')}: the log starts at offset ${count(start)} now\n`;
  print({ json: { log, isDryRun: false, startBefore, start, removed }, text });
}

function infoOf(admin: Admin, log: string): Promise<adminV1.GetLogInfoResponse> {
  return admin.anyone((client, timeoutMs) => client.getLogInfo({ log }, { timeoutMs }));
}

function shown(info: adminV1.GetLogInfoResponse) {
  const { log, startOffset, endOffset, startIndex, commitIndex, lastIndex, bytes, segments, producers } = info;
  const momentOf = (ms: bigint | undefined): string | null => (ms === undefined ? null : moment(Number(ms)));
  return {
    log,
    start: Number(startOffset),
    end: Number(endOffset),
    records: Number(endOffset - startOffset),
    startIndex: Number(startIndex),
    commitIndex: Number(commitIndex),
    lastIndex: Number(lastIndex),
    bytes: Number(bytes),
    segments,
    producers,
    firstAppend: momentOf(info.firstAppendTimeMs),
    lastAppend: momentOf(info.lastAppendTimeMs),
  };
}
