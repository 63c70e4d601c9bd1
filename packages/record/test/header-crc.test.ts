import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32OfWords, crcOfChange } from '../src/header-crc.js';

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

it('given 32 bits of a header that change, then what it says the CRC changes by is right', () => {
  const words = fc.nat({ max: 0xffff_ffff });
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      fc.integer({ min: 4, max: 60 }),
      words,
      (bytes, at, to) => {
        const header = Buffer.from(bytes);
        const before = crc32OfWords(header, 4, 64);
        const change = header.readUInt32LE(at) ^ to;
        header.writeUInt32LE(to, at);
        expect((before ^ crcOfChange(at, change)) >>> 0).toBe(crc32OfWords(header, 4, 64));
      },
    ),
  );
});
