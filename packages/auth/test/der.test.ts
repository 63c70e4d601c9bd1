import { describe, expect, it } from 'vitest';
import { derElement, derElements, derOf, derTags, derUnsigned } from '../src/der.js';

const all = (der: Buffer): string[] => [...derElements(der)].map(({ tag, content }) => `${tag}:${content.length}`);

describe('DER', () => {
  it.each([0, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_216])('of %i bytes is read as it was written', (length) => {
    const der = derOf(derTags.sequence, Buffer.alloc(length));
    expect(derElement(der, derTags.sequence).content.length).toBe(length);
    expect(all(Buffer.concat([der, derOf(derTags.integer, Buffer.of(7))]))).toEqual([`48:${length}`, '2:1']);
  });

  it.each<[what: string, der: number[], why: RegExp]>([
    ['that is not there', [], /there is nothing/],
    ['without a length', [0x30], /cut short/],
    ['whose content is cut short', [0x30, 2, 0], /cut short/],
    ['whose length is cut short', [0x30, 0x82, 1], /cut short/],
    ['of an endless length', [0x30, 0x80, 0, 0], /not of DER/],
    ['with a length of five bytes', [0x30, 0x85, 1, 0, 0, 0, 0], /not of DER/],
    ['with a length that would fit into one byte', [0x30, 0x81, 1, 0], /not of DER/],
    ['with a length that begins with zeros', [0x30, 0x82, 0, 0x80, ...Buffer.alloc(0x80)], /not of DER/],
    ['with a type of several bytes', [0x1f, 0x81, 1, 0], /type of more/],
    ['of another type', [0x31, 0], /found 49/],
    ['with something behind it', [0x30, 0, 0], /1 bytes follow/],
  ])('%s is refused', (_, der, why) => {
    expect(() => derElement(Buffer.from(der), derTags.sequence)).toThrow(why);
  });

  it('of a number is as short as can be, and never that of a negative one', () => {
    const written = ([...bytes]: number[]): string => derUnsigned(Buffer.from(bytes)).toString('hex');
    expect([[], [0], [0, 0], [1], [0x7f], [0x80], [0, 0, 0x80], [1, 0]].map(written)).toEqual([
      '020100',
      '020100',
      '020100',
      '020101',
      '02017f',
      '02020080',
      '02020080',
      '02020100',
    ]);
  });
});
