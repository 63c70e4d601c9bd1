import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Content, pageBytes } from '../../src/disk/content.js';

/** Something that may be done to a content, sized to meet page boundaries from both sides. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    position: fc.integer({ min: 0, max: 3 * pageBytes }),
    length: fc.integer({ min: 0, max: 2 * pageBytes }),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('resize' as const), length: fc.integer({ min: 0, max: 4 * pageBytes }) }),
  fc.record({ kind: fc.constant('copy' as const), goesOnWithOriginal: fc.boolean() }),
);

function bytesOf(content: Content): Uint8Array {
  const bytes = new Uint8Array(content.length).fill(0xee);
  expect(content.read(bytes, 0)).toBe(content.length);
  return bytes;
}

test('whatever is written, cut and lengthened, it reads like a plain array, and so does every copy', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let content = new Content();
      let model = new Uint8Array(0);
      const copies: { content: Content; model: Uint8Array }[] = [];
      for (const change of steps) {
        if (change.kind === 'copy') {
          const copy = content.copy();
          copies.push({ content: change.goesOnWithOriginal ? copy : content, model: model.slice() });
          if (!change.goesOnWithOriginal) content = copy;
        } else if (change.kind === 'resize') {
          content.resize(change.length);
          const resized = new Uint8Array(change.length);
          resized.set(model.subarray(0, change.length));
          model = resized;
        } else if (change.length > 0) {
          content.write(new Uint8Array(change.length).fill(change.byte), change.position);
          const written = new Uint8Array(Math.max(model.length, change.position + change.length));
          written.set(model);
          model = written.fill(change.byte, change.position, change.position + change.length);
        }
      }
      for (const pair of [...copies, { content, model }]) {
        expect(Buffer.compare(bytesOf(pair.content), pair.model)).toBe(0);
      }
    }),
  );
});

test('a bit flipped in a copy is not flipped in the original', () => {
  const original = new Content();
  original.write(new Uint8Array(3 * pageBytes), 0);
  const copy = original.copy();
  copy.flip(pageBytes + 5, 0b100);
  expect(bytesOf(original).every((byte) => byte === 0)).toBe(true);
  expect(bytesOf(copy).indexOf(0b100)).toBe(pageBytes + 5);
});
