import type { Append, Digest, HistoryEvent, Read, Stored } from './history.js';

/** What is wrong with a history, in numbers, and the first cases in words. */
export interface Judgement {
  readonly acknowledged: number;
  /** Acknowledged, and not on every node, at its offset. */
  readonly lost: number;
  /** On a node more than once. */
  readonly duplicated: number;
  /** Behind what was appended after it was acknowledged; or read in another order than that of the log, or with a gap. */
  readonly reordered: number;
  /** On a node, and by nobody appended, or refused as not applied. */
  readonly invented: number;
  /** Nodes whose logs differ from the first one's, or have gaps. */
  readonly diverged: number;
  /** Read, and not what stands at that offset. */
  readonly misread: number;
  readonly passed: boolean;
  readonly problems: readonly string[];
}

type Fault = 'lost' | 'duplicated' | 'reordered' | 'invented' | 'diverged' | 'misread';

const problemsMax = 20;

class Findings {
  readonly counts: Record<Fault, number> = {
    lost: 0,
    duplicated: 0,
    reordered: 0,
    invented: 0,
    diverged: 0,
    misread: 0,
  };
  readonly problems: string[] = [];

  add(fault: Fault, sentence: string): void {
    this.counts[fault] += 1;
    if (this.problems.length < problemsMax) this.problems.push(`${fault}: ${sentence}`);
  }
}

/** One node's log: the records in order, and where each value stands. */
interface NodeLog {
  readonly node: string;
  readonly records: Stored[];
  readonly offsetOf: Map<string, number>;
}

/**
 * Judges what a cluster did by what its clients and nodes have seen: every acknowledged record exactly once, in order, on all nodes, and
 * nothing that nobody appended.
 *
 * @throws Error for a history without acknowledged appends or without logs: it proves nothing
 */
export function judge(history: Iterable<HistoryEvent>): Judgement {
  const appends: Append[] = [];
  const reads: Read[] = [];
  const digests: Digest[] = [];
  const logs = new Map<string, NodeLog>();
  const findings = new Findings();
  for (const event of history) {
    if (event.kind === 'append') appends.push(event);
    else if (event.kind === 'read') reads.push(event);
    else if (event.kind === 'digest') digests.push(event);
    else store(event, logs, findings);
  }
  const acknowledged = appends.filter((append) => append.outcome === 'acknowledged');
  if (acknowledged.length === 0) throw new Error('the history has no acknowledged append: it proves nothing');
  if (logs.size === 0) throw new Error('the history has no log of a node: it proves nothing');
  const all = [...logs.values()];
  for (const log of all) {
    findLost(acknowledged, log, findings);
    findInvented(appends, log, findings);
  }
  findDiverged(all, digests, findings);
  findReordered(acknowledged, findings);
  judgeReads(reads, all[0]!, findings);
  const { counts, problems } = findings;
  const passed = Object.values(counts).every((count) => count === 0);
  return { acknowledged: acknowledged.length, ...counts, passed, problems };
}

function store(record: Stored, logs: Map<string, NodeLog>, findings: Findings): void {
  const { node, offset, value } = record;
  const log = logs.get(node) ?? { node, records: [], offsetOf: new Map<string, number>() };
  logs.set(node, log);
  const other = log.offsetOf.get(value);
  if (other !== undefined) findings.add('duplicated', `${value} stands on ${node} at ${other} and at ${offset}`);
  log.offsetOf.set(value, offset);
  log.records.push(record);
}

function findLost(
  acknowledged: readonly Extract<Append, { outcome: 'acknowledged' }>[],
  log: NodeLog,
  findings: Findings,
): void {
  for (const { value, offset } of acknowledged) {
    const found = log.offsetOf.get(value);
    // Of one that stands there twice, which is counted elsewhere, the last is known.
    if (found === offset || (found !== undefined && log.records[offset - log.records[0]!.offset]?.value === value))
      continue;
    findings.add(
      'lost',
      `${value} was acknowledged at ${offset}, and stands on ${log.node} ${found === undefined ? 'nowhere' : `at ${found}`}`,
    );
  }
}

function findInvented(appends: readonly Append[], log: NodeLog, findings: Findings): void {
  const outcomes = new Map(appends.map(({ value, outcome }) => [value, outcome]));
  for (const { value, offset } of log.records) {
    const outcome = outcomes.get(value);
    if (outcome === undefined)
      findings.add('invented', `${value} stands on ${log.node} at ${offset}, and nobody appended it`);
    if (outcome === 'not-applied')
      findings.add('invented', `${value} stands on ${log.node} at ${offset}, and was refused as not applied`);
  }
}

function findDiverged([first, ...others]: readonly NodeLog[], digests: readonly Digest[], findings: Findings): void {
  const logs = [first!, ...others];
  for (const { node, records } of logs) {
    const gap = records.findIndex(({ offset }, at) => at > 0 && offset !== records[at - 1]!.offset + 1);
    if (gap !== -1)
      findings.add('diverged', `on ${node} offset ${records[gap]!.offset} follows ${records[gap - 1]!.offset}`);
  }
  for (const { node, records } of others) {
    const at = records.findIndex((record, each) => !isSame(record, first!.records[each]));
    const isShorter = records.length !== first!.records.length;
    if (at === -1 && !isShorter) continue;
    const place = at === -1 ? 'in length' : `from offset ${records[at]!.offset}`;
    findings.add('diverged', `the logs of ${first!.node} and ${node} differ ${place}`);
  }
  for (const { node, sha256 } of digests) {
    if (sha256 !== digests[0]!.sha256) findings.add('diverged', `the bytes of ${digests[0]!.node} and ${node} differ`);
  }
}

function isSame(one: Stored, other: Stored | undefined): boolean {
  return other !== undefined && one.offset === other.offset && one.value === other.value;
}

/** Whoever begins after another was acknowledged stands behind it. */
function findReordered(
  acknowledged: readonly Extract<Append, { outcome: 'acknowledged' }>[],
  findings: Findings,
): void {
  const byStart = acknowledged.toSorted((one, other) => one.startMs - other.startMs);
  const byEnd = acknowledged.toSorted((one, other) => one.endMs - other.endMs);
  let ended = 0;
  let last: (typeof byEnd)[number] | undefined;
  for (const append of byStart) {
    for (; byEnd[ended]!.endMs < append.startMs; ended += 1) {
      if (last === undefined || byEnd[ended]!.offset > last.offset) last = byEnd[ended];
    }
    if (last !== undefined && last.offset >= append.offset) {
      const [behind, before] = [`${last.value} at ${last.offset}`, `${append.value} at ${append.offset}`];
      findings.add('reordered', `${behind} was acknowledged before ${before} was begun`);
    }
  }
}

/** A reader sees the log: record after record, each as it stands there. */
function judgeReads(reads: readonly Read[], { records }: NodeLog, findings: Findings): void {
  const start = records[0]?.offset ?? 0;
  const lastOf = new Map<string, number>();
  for (const { reader, offset, value } of reads) {
    const last = lastOf.get(reader);
    if (last !== undefined && offset !== last + 1)
      findings.add('reordered', `reader ${reader} was given ${offset} after ${last}`);
    lastOf.set(reader, offset);
    // What was trimmed away since can no longer be compared.
    if (offset < start) continue;
    const there = records[offset - start]?.value;
    if (there !== value)
      findings.add('misread', `reader ${reader} was given ${value} at ${offset}, where ${there ?? 'nothing'} stands`);
  }
}
