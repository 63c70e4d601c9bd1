import { expect, test } from 'vitest';
import { Filter, matcherOf, nextEntry } from '../../src/model/filter.js';
import { Timeline } from '../../src/model/timeline.js';
import { sentenceOf } from '../../src/model/words.js';
import { leaderDeath } from '../traces.js';

const { entries } = Timeline.of(leaderDeath().add(1, 'world', 'violation', { cause: '1 one leader per term' }).text);
const shown = (filter: Filter): string[] => entries.filter((entry) => filter.shows(entry)).map(sentenceOf);

test('a node, a kind and all but one term can be hidden', () => {
  const filter = new Filter();
  expect(shown(filter)).toHaveLength(entries.length);
  filter.toggleLane('n2');
  expect(shown(filter).some((sentence) => sentence.startsWith('n2'))).toBe(false);
  filter.clear();
  filter.toggleKind('life');
  expect(shown(filter)).not.toContain('n1 crashes');
  filter.toggleKind('life');
  expect(shown(filter)).toContain('n1 crashes');
  filter.term = 3;
  expect(shown(filter)).toEqual(['n2 leads term 3', 'n3 follows n2', 'Violation: 1 one leader per term']);
});

test('a violation is never hidden', () => {
  const filter = new Filter();
  for (const { kind } of entries) filter.hiddenKinds.add(kind);
  expect(shown(filter)).toEqual(['Violation: 1 one leader per term']);
});

test('the next event that passes is found, in both directions', () => {
  const isCrash = ({ event }: (typeof entries)[number]): boolean => event.event === 'crash';
  const crash = nextEntry(entries, -1, 1, isCrash)!;
  expect(crash.event.node).toBe('n1@s1');
  expect(nextEntry(entries, entries.length, -1, isCrash)).toBe(crash);
  expect(nextEntry(entries, entries.indexOf(crash), 1, isCrash)).toBeUndefined();
});

test('a search finds what has all its words, whatever their case', () => {
  const found = (query: string): number => entries.filter(matcherOf(query) ?? (() => false)).length;
  expect([found('WON election'), found('n1 crash'), found('nothing like it'), found('  ')]).toEqual([2, 1, 0, 0]);
});

test('letter by letter, an event is written out once', () => {
  let written = 0;
  const toJSON = (): object => {
    written += 1;
    return { cause: 'won the election' };
  };
  const entry = { ...entries[0]!, event: { ...entries[0]!.event, toJSON } };
  const found = ['w', 'wo', 'won', 'wone'].map((query) => matcherOf(query)!(entry));
  expect({ found, written }).toEqual({ found: [true, true, true, false], written: 1 });
});
