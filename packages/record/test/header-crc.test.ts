import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32OfWords } from '../src/header-crc.js';

it('gives what zlib gives, for any bytes and wherever they stand', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), fc.nat(7), (bytes, at) => {
      const buffer = Buffer.concat([Buffer.alloc(at, 0xff), bytes]);
      expect(crc32OfWords(buffer, at, at + 60)).toBe(crc32(bytes));
    }),
  );
});

it('gives the check value of CRC-32/ISO-HDLC for its first eight digits', () => {
  expect(crc32OfWords(Buffer.from('12345678'), 0, 8)).toBe(0x9ae0daaf);
});
