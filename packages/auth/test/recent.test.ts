import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Recent } from '../src/recent.js';

describe('a bounded memory', () => {
  it('never answers wrongly, and never grows beyond twice its bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(30)), (countMax, keys) => {
        const recent = new Recent<number>(countMax);
        for (const key of keys) {
          expect([undefined, key]).toContain(recent.get(`${key}`));
          recent.set(`${key}`, key);
          expect(recent.size).toBeLessThanOrEqual(2 * countMax);
        }
      }),
    );
  });

  it('remembers what is used again and again, whatever else passes by', () => {
    const recent = new Recent<string>(10);
    recent.set('mine', 'kept');
    for (let other = 0; other < 1000; other += 1) {
      recent.set(`other ${other}`, '');
      expect(recent.get('mine')).toBe('kept');
    }
    expect(recent.get('other 0')).toBeUndefined();
  });
});
