import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Splitter } from '../../src/records/splitter.js';

it('wherever the bytes are cut, the records are those between the delimiters', () => {
  const bytes = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 40 }).map((values) => Buffer.from(values));
  const delimiter = fc
    .array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 3 })
    .map((values) => Buffer.from(values));
  fc.assert(
    fc.property(bytes, delimiter, fc.integer({ min: 1, max: 9 }), (all, ends, chunkBytes) => {
      const splitter = new Splitter(ends);
      const records: string[] = [];
      for (let at = 0; at < all.length; at += chunkBytes) {
        for (const record of splitter.push(all.subarray(at, at + chunkBytes))) records.push(record.toString('latin1'));
      }
      for (const record of splitter.end()) records.push(record.toString('latin1'));
      const expected = all.toString('latin1').split(ends.toString('latin1'));
      if (expected.at(-1) === '') expected.pop();
      expect(records).toEqual(expected);
    }),
  );
});
