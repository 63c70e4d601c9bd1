import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Terms } from '../../src/core/terms.js';

type Operation = { kind: 'append'; up: number } | { kind: 'truncate'; at: number } | { kind: 'compact'; at: number };

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), up: fc.nat(2) }) },
  fc.record({ kind: fc.constant('truncate' as const), at: fc.nat(30) }),
  fc.record({ kind: fc.constant('compact' as const), at: fc.nat(30) }),
);

test('given any history of a log, its runs of terms answer like a plain list of them', () => {
  fc.assert(
    fc.property(fc.array<Operation>(operation, { maxLength: 60 }), (operations) => {
      const terms = new Terms({ index: 0, term: 0 }, [], 0);
      const plain = [0];
      let start = 0;
      for (const each of operations) {
        const last = plain.length - 1;
        if (each.kind === 'append') {
          const term = plain[last]! + each.up;
          terms.append(last + 1, term);
          plain.push(term);
        } else if (each.kind === 'truncate' && each.at > start) {
          terms.truncate(each.at);
          plain.length = Math.min(plain.length, each.at);
        } else if (each.kind === 'compact' && each.at >= start && each.at <= last) {
          terms.compact(each.at);
          start = each.at;
        }
      }
      expect(terms.lastIndex).toBe(plain.length - 1);
      expect(terms.lastTerm).toBe(plain.at(-1));
      for (let index = 0; index < plain.length + 2; index++) {
        expect(terms.at(index)).toBe(index < start ? undefined : plain[index]);
      }
      const runs = terms.runs();
      const again = new Terms(terms.start, runs, terms.lastIndex);
      for (let index = start; index < plain.length; index++) expect(again.at(index)).toBe(plain[index]);
      for (let term = 0; term <= plain.at(-1)!; term++) {
        const found = terms.lastAtMost(terms.lastIndex, term);
        const above = plain.slice(Math.max(found, start) + 1);
        expect(above.filter((each) => each <= term)).toEqual([]);
      }
    }),
  );
});
