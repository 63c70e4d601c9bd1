import { type Log, LogError } from '@commitlog/log';
import { type Index, RaftError, type Term } from '@commitlog/raft';

export interface TermRun {
  readonly first: Index;
  readonly term: Term;
}

interface Known {
  readonly index: Index;
  readonly term: Term;
}

/**
 * The terms of a log's entries, as runs. Terms never decrease along a log, so that where two entries have the same, all between them have
 * it too: only a few headers are read for each change of term, and an unreadable batch between two of one term has that term.
 *
 * @throws RaftError `ERR_RAFT_STORAGE` when damage hides where one term ended and the next began
 */
export async function termRuns(log: Log): Promise<TermRun[]> {
  const { start, durable } = log;
  if (durable.index === start.index) return [];
  const changes: TermRun[] = [];
  await findChanges(log, start, durable, changes);
  const first = start.index + 1;
  return changes[0]?.first === first ? changes : [{ first, term: start.term }, ...changes];
}

/** The term of an entry, or `undefined` where the runs do not reach. */
export function termIn(runs: readonly TermRun[], lastIndex: Index, index: Index): Term | undefined {
  return index > lastIndex ? undefined : runs.findLast((run) => run.first <= index)?.term;
}

/** Notes every entry behind `from`, up to `to`, whose term is not that of the one before. */
async function findChanges(log: Log, from: Known, to: Known, changes: TermRun[]): Promise<void> {
  if (from.term === to.term) return;
  if (from.index + 1 === to.index) {
    changes.push({ first: to.index, term: to.term });
    return;
  }
  const [before, after] = await around(log, from.index + Math.floor((to.index - from.index) / 2), from, to);
  await findChanges(log, from, before, changes);
  if (before.index + 1 < after.index && before.term !== after.term) throw hidden(before.index, after.index);
  if (before.index + 1 === after.index) await findChanges(log, before, after, changes);
  await findChanges(log, after, to, changes);
}

/** An entry and its term; where its header cannot be read, the nearest entries on both sides that can. */
async function around(log: Log, index: Index, from: Known, to: Known): Promise<readonly [Known, Known]> {
  try {
    const known = { index, term: await log.termAt(index) };
    return [known, known];
  } catch (error) {
    if (!(error instanceof LogError) || error.damage === undefined) throw error;
    const { firstIndex, lastIndex } = error.damage;
    const before =
      firstIndex - 1 <= from.index ? from : { index: firstIndex - 1, term: await log.termAt(firstIndex - 1) };
    const after = lastIndex + 1 >= to.index ? to : { index: lastIndex + 1, term: await log.termAt(lastIndex + 1) };
    return [before, after];
  }
}

function hidden(before: Index, after: Index): RaftError {
  return new RaftError(
    'ERR_RAFT_STORAGE',
    `damage hides the terms of entries ${before + 1} to ${after - 1}: nobody could tell whether another replica's are the same. Nothing was changed. Rebuild this replica from its peers under a new storage id`,
  );
}
