import type { LogDescription, SegmentDescription } from '@commitlog/log';
import { count, moment, range } from './quantity.js';
import { table } from './table.js';

/** More files or segments than this, and those in the middle are left out. */
const rowsMax = 17;

const purposes: readonly (readonly [RegExp, string])[] = [
  [/\.new$/, 'being written when the log stopped; means nothing'],
  [/^MANIFEST$/, 'which segments the log is made of, and where it starts'],
  [/^SYNCED$/, 'how far the last segment is known to be on disk'],
  [/^HARDSTATE$/, "what Raft must not forget: term and vote (nobody's yet)"],
  [/^LOCK-\d+$/, 'who has the log open'],
  [/^CHECKPOINT-\d+-\d+$/, 'state that was derived from the log up to there'],
  [/^\d{20}-\d+\.log$/, 'a segment: the batches from that index on'],
  [/^\d{20}-\d+\.index$/, 'where in the segment to look; made anew if lost'],
];

/** What there is on disk, and what each file is for. */
export function filesTable(files: LogDescription['files'], options: { readonly isAbridged: boolean }): string {
  const rows = files.map(({ name, bytes }) => [
    name,
    count(bytes),
    purposes.find(([pattern]) => pattern.test(name))?.[1] ?? 'not a file of the log',
  ]);
  const columns = [{ heading: 'file' }, { heading: 'bytes', isNumber: true }, { heading: 'what it is for' }];
  return table(columns, rows, options.isAbridged ? { rowsMax } : {});
}

export function segmentsTable(
  segments: readonly SegmentDescription[],
  options: { readonly isAbridged: boolean },
): string {
  const rows = segments.map(({ id, isActive, base, end, bytes }) => [
    String(id),
    isActive ? 'active' : 'sealed',
    range(base.index + 1, end.index),
    range(base.nextOffset, end.nextOffset - 1),
    String(end.term),
    count(bytes),
    moment(end.appendTime),
  ]);
  const columns = [
    { heading: 'segment', isNumber: true },
    { heading: 'state' },
    { heading: 'indexes' },
    { heading: 'offsets' },
    { heading: 'term', isNumber: true },
    { heading: 'bytes', isNumber: true },
    { heading: 'last append' },
  ];
  return table(columns, rows, options.isAbridged ? { rowsMax } : {});
}
