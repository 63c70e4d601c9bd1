import { describe, expect, it } from 'vitest';
import { type HistoryEvent, parseEvent } from '../../faults/history.js';
import { judge } from '../../faults/judge.js';

const nodes = ['n1', 'n2', 'n3'];

/** Ten appends one after the other, all acknowledged, read by one reader, and the same on three nodes. */
function goodHistory(): HistoryEvent[] {
  const values = Array.from({ length: 10 }, (_, at) => `v${at}`);
  return [
    ...values.map((value, at) => acknowledged(value, at, at * 10)),
    ...values.map((value, offset): HistoryEvent => ({ kind: 'read', reader: 'r', offset, value })),
    ...nodes.flatMap((node) => values.map((value, offset): HistoryEvent => ({ kind: 'stored', node, offset, value }))),
    ...nodes.map((node): HistoryEvent => ({ kind: 'digest', node, sha256: 'same' })),
  ];
}

function acknowledged(value: string, offset: number, startMs: number): HistoryEvent {
  return { kind: 'append', client: 'c', value, startMs, endMs: startMs + 5, outcome: 'acknowledged', offset };
}

function without(history: readonly HistoryEvent[], is: (event: HistoryEvent) => boolean): HistoryEvent[] {
  return history.filter((event) => !is(event));
}

describe('judge', () => {
  it('given a history in which all is well, then it passes', () => {
    expect(judge(goodHistory())).toEqual({
      acknowledged: 10,
      lost: 0,
      duplicated: 0,
      reordered: 0,
      invented: 0,
      diverged: 0,
      misread: 0,
      passed: true,
      problems: [],
    });
  });

  it('given an acknowledged record that one node lacks, then it is lost, and that log differs', () => {
    const history = without(
      goodHistory(),
      (event) => event.kind === 'stored' && event.node === 'n3' && event.value === 'v9',
    );
    expect(judge(history)).toMatchObject({ lost: 1, diverged: 1, passed: false });
    expect(judge(history).problems[0]).toBe('lost: v9 was acknowledged at 9, and stands on n3 nowhere');
  });

  it('given a record that every node has twice, then it is doubled', () => {
    const again = nodes.map((node): HistoryEvent => ({ kind: 'stored', node, offset: 10, value: 'v3' }));
    const history = goodHistory().concat(again);
    expect(judge(history)).toMatchObject({ lost: 0, duplicated: 3, passed: false });
  });

  it('given two records that changed places on every node, then both are where nobody was told', () => {
    const swapped: Record<string, string> = { v4: 'v5', v5: 'v4' };
    const history = goodHistory().map((event) =>
      event.kind === 'stored' ? { ...event, value: swapped[event.value] ?? event.value } : event,
    );
    expect(judge(history)).toMatchObject({ lost: 6, misread: 2, passed: false });
  });

  it('given an append that stands before one that was acknowledged before it began, then the order is wrong', () => {
    const history: HistoryEvent[] = [
      acknowledged('a', 1, 0),
      acknowledged('b', 0, 100),
      { kind: 'stored', node: 'n1', offset: 0, value: 'b' },
      { kind: 'stored', node: 'n1', offset: 1, value: 'a' },
    ];
    expect(judge(history)).toMatchObject({ reordered: 1, lost: 0, passed: false });
  });

  it('given two appends at the same time, then either order will do', () => {
    const history: HistoryEvent[] = [
      acknowledged('a', 1, 0),
      acknowledged('b', 0, 1),
      { kind: 'stored', node: 'n1', offset: 0, value: 'b' },
      { kind: 'stored', node: 'n1', offset: 1, value: 'a' },
    ];
    expect(judge(history).passed).toBe(true);
  });

  it('given an append of unknown outcome, then it may be there or not; given a refused one, then it may not', () => {
    const started = { kind: 'append', client: 'c', value: 'u', startMs: 0, endMs: 1 } as const;
    const there = nodes.map((node): HistoryEvent => ({ kind: 'stored', node, offset: 10, value: 'u' }));
    expect(judge([...goodHistory(), { ...started, outcome: 'unknown' }]).passed).toBe(true);
    expect(judge([...goodHistory(), { ...started, outcome: 'unknown' }, ...there]).passed).toBe(true);
    expect(judge([...goodHistory(), { ...started, outcome: 'not-applied' }, ...there])).toMatchObject({ invented: 3 });
    expect(judge([...goodHistory(), ...there])).toMatchObject({ invented: 3, passed: false });
  });

  it('given a reader that skips, goes back, or sees another value, then it is told', () => {
    const read = (offset: number, value = `v${offset}`): HistoryEvent => ({ kind: 'read', reader: 's', offset, value });
    expect(judge([...goodHistory(), read(3), read(5)])).toMatchObject({ reordered: 1 });
    expect(judge([...goodHistory(), read(3), read(3)])).toMatchObject({ reordered: 1 });
    expect(judge([...goodHistory(), read(3, 'other')])).toMatchObject({ misread: 1, passed: false });
  });

  it('given equal records in different bytes, then the logs differ', () => {
    const history = goodHistory().map((event) =>
      event.kind === 'digest' && event.node === 'n2' ? { ...event, sha256: 'other' } : event,
    );
    expect(judge(history)).toMatchObject({ diverged: 1, passed: false });
  });

  it('given nothing to judge, then it says so rather than pass', () => {
    expect(() => judge([])).toThrow(/no acknowledged append/);
    expect(() => judge([acknowledged('a', 0, 0)])).toThrow(/no log of a node/);
  });
});

describe('parseEvent', () => {
  it.each(['{"kind":"append"}', '{"kind":"stored","node":"n1","offset":-1,"value":"a"}', '[]', 'x'])(
    'given %s, then the line is named',
    (line) => {
      expect(() => parseEvent(line, 7)).toThrow(/^line 7: expected/);
    },
  );

  it('given an event as it was written, then it is that event', () => {
    for (const event of goodHistory()) expect(parseEvent(JSON.stringify(event), 1)).toEqual(event);
  });
});
