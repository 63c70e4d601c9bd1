import type { TraceEvent, TraceSink } from '@commitlog/raft';
import { SimulatedClock } from '@commitlog/simulation';
import { beforeEach, describe, expect, it } from 'vitest';
import { TraceStreams, viewersMax } from '../../src/observability/trace-streams.js';

/** Stands for a member: says how it is, then what it is told to. */
class Member {
  readonly self = 'n1@disk';
  readonly sinks = new Set<TraceSink>();
  watch(sink: TraceSink): () => void {
    sink(eventOf('role', 'at the start of the stream'));
    this.sinks.add(sink);
    return () => void this.sinks.delete(sink);
  }
  does(cause: string): void {
    for (const sink of this.sinks) sink(eventOf('append', cause));
  }
}

const eventOf = (event: 'role' | 'append', cause: string): TraceEvent => ({
  ...{ v: 1, atMs: 5, node: 'n1@disk', term: 1, index: 2, commit: 2 },
  ...{ event, cause },
});

/** Somebody who reads, or does not. */
class Reader {
  isBehind = false;
  hasEnded = false;
  text = '';
  write(text: string): void {
    if (this.hasEnded) throw new Error('something was written after the end');
    this.text += text;
  }
  end(): void {
    this.hasEnded = true;
  }
  /** What came, one by one: the name of the event, and its data. */
  get told(): [string, Record<string, unknown>][] {
    return this.text
      .split('\n\n')
      .filter((block) => /^data: /m.test(block))
      .map((block) => [/^event: (.*)$/m.exec(block)?.[1] ?? 'message', JSON.parse(/^data: (.*)$/m.exec(block)![1]!)]);
  }
  get causes(): unknown[] {
    return this.told.map(([name, data]) => (name === 'message' ? data.cause : name));
  }
}

let clock: SimulatedClock;
let member: Member;
let streams: TraceStreams;
beforeEach(() => {
  clock = new SimulatedClock();
  member = new Member();
  streams = new TraceStreams({ clock });
  clock.advance(100);
  streams.start({ clusterId: 'c', nodeId: 'n1', member });
});

function open(): { reader: Reader; leave: () => void } {
  const reader = new Reader();
  return { reader, leave: streams.open(reader) };
}

describe('one who watches', () => {
  it('is told who this is and how it is, at once, and then what happens', () => {
    const { reader } = open();
    const hello = { v: 1, node: 'n1@disk', name: 'n1', clusterId: 'c' };
    const epochMs = clock.wallMs();
    expect(reader.told[0]).toEqual(['hello', { ...hello, atMs: 100, epochMs, startedEpochMs: epochMs - 100 }]);
    member.does('one');
    member.does('two');
    clock.advance(25);
    expect(reader.causes).toEqual(['hello', 'at the start of the stream', 'one', 'two']);
    expect(reader.told[2]).toEqual(['message', eventOf('append', 'one')]);
  });

  it('and is joined by another, who is told by itself how the node is now', () => {
    const { reader: first } = open();
    member.does('one');
    const { reader: second } = open();
    member.does('two');
    clock.advance(25);
    expect(first.causes).toEqual(['hello', 'at the start of the stream', 'one', 'two']);
    expect(second.causes).toEqual(['hello', 'at the start of the stream', 'two']);
  });

  it('hears that the node is still there while nothing happens', () => {
    const { reader } = open();
    clock.advance(4900);
    expect(reader.text).not.toMatch(/^:/m);
    clock.advance(10_000);
    expect(reader.text.match(/^: still here$/gm)).toHaveLength(2);
  });

  it('and does not read is told, once it reads on, how much it has missed, where it missed it, and the node keeps little for it', () => {
    const { reader } = open();
    const { reader: quick } = open();
    reader.isBehind = true;
    const long = 'x'.repeat(1000);
    for (let count = 0; count < 20; count += 1) {
      for (let each = 0; each < 200; each += 1) member.does(long);
      clock.advance(25);
    }
    expect(reader.causes).toEqual(['hello', 'at the start of the stream']);
    reader.isBehind = false;
    clock.advance(25);
    member.does('afterwards');
    clock.advance(25);
    const [missed] = reader.told.filter(([name]) => name === 'gap');
    const kept = reader.causes.filter((cause) => cause === long).length;
    expect(kept).toBeLessThan(1100);
    expect(missed![1]).toEqual({ lost: 4000 - kept });
    expect(reader.causes.slice(-2)).toEqual(['gap', 'afterwards']);
    expect(quick.causes.filter((cause) => cause === long)).toHaveLength(4000);
    expect(quick.causes).not.toContain('gap');
  });

  it('and leaves costs nothing any more: no event is made', () => {
    const { leave } = open();
    const { leave: leaveToo } = open();
    leave();
    expect([member.sinks.size, streams.viewers]).toEqual([1, 1]);
    leaveToo();
    leaveToo();
    expect([member.sinks.size, streams.viewers]).toEqual([0, 0]);
    expect(clock.nextTimerMs()).toBeUndefined();
  });
});

it(`at most ${viewersMax} watch, and whoever else would is told why not`, () => {
  const readers = Array.from({ length: viewersMax }, open);
  expect(streams.refusal).toContain('close a page');
  expect(open().reader).toMatchObject({ hasEnded: true, text: '' });
  readers[3]!.leave();
  expect(streams.refusal).toBeUndefined();
});

it('before there is anything to watch nobody can, and after the end all have been told everything, and no one else can', () => {
  const early = new TraceStreams({ clock });
  expect(early.refusal).toContain('starting or stopping');
  const { reader, leave } = open();
  member.does('the last');
  streams.close();
  expect(reader.causes.at(-1)).toBe('the last');
  expect(reader.hasEnded).toBe(true);
  expect(member.sinks.size).toBe(0);
  leave();
  expect(streams.refusal).toContain('starting or stopping');
});
