import type { TraceEvent } from '../src/index.js';

/** Lines of a trace, by whoever writes one by hand: what is not said is what it was before at that node. */
export class TraceWriter {
  readonly lines: string[] = [];
  readonly #last = new Map<string, { term: number; index: number; commit: number }>();
  atMs = 0;

  /** One event, `afterMs` after the one before. */
  add(afterMs: number, node: string, event: string, fields: Partial<TraceEvent> = {}): this {
    this.atMs += afterMs;
    const before = this.#last.get(node) ?? { term: 0, index: 0, commit: 0 };
    const { term = before.term, index = before.index, commit = before.commit } = fields;
    this.#last.set(node, { term, index, commit });
    const line = { v: 1, atMs: this.atMs, node, term, index, commit, event, cause: 'a test', ...fields };
    this.lines.push(JSON.stringify(line));
    return this;
  }

  /** A message from its sending to its receipt. */
  message(afterMs: number, from: string, to: string, cause: string, message: number, tookMs: number): this {
    return this.add(afterMs, from, 'send', { cause, message, to, messageTerm: 1 }).add(tookMs, to, 'receive', {
      cause,
      message,
      from,
      messageTerm: 1,
    });
  }

  get text(): string {
    return this.lines.join('\n');
  }
}

/** Three nodes: n1 is elected, commits an entry, and dies; a message to it is lost; n2 takes over. */
export function leaderDeath(): TraceWriter {
  const trace = new TraceWriter();
  const nodes = ['n1@s1', 'n2@s1', 'n3@s1'] as const;
  const [n1, n2, n3] = nodes;
  for (const node of nodes) trace.add(0, node, 'start', { term: 1, index: 1, durable: 1, voters: nodes, vote: null });
  trace.add(100, n1, 'role', { role: 'candidate', term: 2, cause: 'heard no leader' });
  trace.message(1, n1, n2, 'request-vote', 1, 2);
  trace.add(0, n2, 'role', { role: 'follower', leader: null, term: 2 });
  trace.add(1, n2, 'vote', { candidate: n1, isGranted: true });
  trace.message(1, n2, n1, 'vote-granted', 1, 2);
  trace.add(0, n1, 'role', { role: 'leader', cause: 'won the election' });
  trace.add(1, n1, 'append', { index: 2, first: 2, last: 2 });
  trace.message(1, n1, n2, 'append', 2, 2);
  trace.add(0, n2, 'role', { role: 'follower', leader: n1, cause: 'n1@s1 leads this term' });
  trace.add(0, n2, 'append', { index: 2, first: 2, last: 2 });
  trace.add(1, n2, 'persisted', { write: 1, durable: 2 });
  trace.message(1, n2, n1, 'append-accepted', 2, 2);
  trace.add(0, n1, 'commit', { commit: 2, upTo: 2 });
  trace.add(50, n1, 'crash', { cause: 'its process died' });
  trace.add(10, n2, 'send', { cause: 'append-accepted', message: 3, to: n1, messageTerm: 2 });
  trace.add(2, n2, 'lost', { cause: 'nobody is there', kind: 'append-accepted', message: 3, to: n1, messageTerm: 2 });
  trace.add(100, n2, 'role', { role: 'leader', term: 3, cause: 'won the election' });
  trace.add(5, n3, 'role', { role: 'follower', leader: n2, term: 3, cause: 'n2@s1 leads this term' });
  return trace;
}
