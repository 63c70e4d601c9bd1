import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutLines } from '../../src/demo/lines.js';

it('whatever the bytes and wherever they are cut, the pieces are the bytes again, none too long, and the lines are counted', () => {
  const bytes = fc
    .array(fc.constantFrom(0x0a, 0x0d, 0x61, 0xff), { maxLength: 60 })
    .map((values) => Buffer.from(values));
  fc.assert(
    fc.property(
      bytes,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 61 }),
      (all, pieceBytesMax, chunkBytes) => {
        const pieces: Buffer[] = [];
        let lines = 0;
        let rest: Buffer = Buffer.alloc(0);
        for (let at = 0; at <= all.length; at += chunkBytes) {
          const isLast = at + chunkBytes > all.length;
          const cut = cutLines(Buffer.concat([rest, all.subarray(at, at + chunkBytes)]), isLast, pieceBytesMax);
          pieces.push(...cut.pieces);
          lines += cut.lines;
          rest = cut.rest;
        }
        expect(rest).toHaveLength(0);
        expect(Buffer.concat(pieces)).toEqual(all);
        for (const piece of pieces) {
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.length).toBeLessThanOrEqual(pieceBytesMax);
          expect(piece.subarray(0, -1).includes(0x0a)).toBe(false);
        }
        const text = all.toString('latin1');
        const expected = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
        expect(lines).toBe(expected);
      },
    ),
  );
});
