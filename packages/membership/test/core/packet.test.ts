import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipBytes, ipText } from '../../src/core/address.js';
import { incarnationMax } from '../../src/core/incarnation.js';
import { encodeMessage, type Message } from '../../src/core/message.js';
import { decodePacket, PacketBuilder, payloadBytesMax } from '../../src/core/packet.js';
import { decodeTags, encodeTags } from '../../src/core/tags.js';

const name = fc.stringMatching(/^[\w.:@-]{1,64}$/);
const incarnation = fc.integer({ min: 0, max: incarnationMax });
const seq = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const address = fc.record({
  host: fc.oneof(fc.ipV4(), fc.ipV6()).map((host) => ipText(ipBytes(host)!)),
  port: fc.integer({ min: 1, max: 65_535 }),
});
const tagBytes = fc.uint8Array({ maxLength: 512 });
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constantFrom('ping', 'ack', 'nack'), seq }),
  fc.record({ kind: fc.constant('indirect-ping'), seq, target: name }),
  fc.record({ kind: fc.constant('alive'), about: name, incarnation, address, tagBytes }),
  fc.record({ kind: fc.constantFrom('suspect', 'failed'), about: name, incarnation, from: name }),
  fc.record({ kind: fc.constant('left'), about: name, incarnation }),
);

test('given any packet, then what is read is what was written, to the byte', () => {
  fc.assert(
    fc.property(
      name,
      name,
      incarnation,
      fc.array(message, { maxLength: 2 }),
      fc.nat(300),
      (from, to, own, messages, pad) => {
        const packet = new PacketBuilder({ from, to, incarnation: own }, payloadBytesMax);
        const added = messages.filter((each) => packet.add(encodeMessage(each)));
        packet.padTo(pad);
        const read = decodePacket(packet.bytes())!;
        expect({ ...read, messages: read.messages.map(plainBytes) }).toEqual({
          from,
          to,
          incarnation: own,
          messages: added.map(plainBytes),
        });
      },
    ),
  );
});

function plainBytes(each: Message): object {
  return each.kind === 'alive' ? { ...each, tagBytes: [...each.tagBytes] } : each;
}

test('given any bytes at all, then reading them never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1_400 }), (bytes) => void decodePacket(bytes)));
});

test('given a name of 64 bytes, an IPv6 address and 512 bytes of tags, then one piece of news fits into one packet', () => {
  const long = 'n'.repeat(64);
  const packet = new PacketBuilder({ from: long, to: long, incarnation: 1 }, payloadBytesMax);
  const news = {
    kind: 'alive',
    about: long,
    incarnation: 1,
    address: { host: 'fd00::1', port: 1 },
    tagBytes: new Uint8Array(512),
  } as const;
  expect(packet.add(encodeMessage(news))).toBe(true);
});

test('given any tags that fit, then what is read is what was written, and in one form only', () => {
  const value = fc.oneof(fc.string({ maxLength: 20, unit: 'binary' }), fc.double({ noNaN: true }), fc.boolean());
  const wellFormed = (text: string): boolean => Buffer.from(text).toString() === text;
  const key = fc.string({ maxLength: 20 }).filter(wellFormed);
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 8 }), (tags) => {
      const texts = Object.values(tags).filter((each) => typeof each === 'string');
      fc.pre(texts.every(wellFormed));
      const bytes = encodeTags(tags);
      const read = decodeTags(bytes)!;
      expect(new Map(Object.entries(read))).toEqual(new Map(Object.entries(tags)));
      expect(Buffer.compare(encodeTags(read), bytes)).toBe(0);
    }),
  );
});

test.each([
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['FD00:0:0:1::', 'fd00:0:0:1::'],
  ['::', '::'],
  ['127.0.0.1', '127.0.0.1'],
])('given the address %s, then its one form is %s', (host, expected) => expect(ipText(ipBytes(host)!)).toBe(expected));

test.each([
  '',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '::12345',
  'example.org',
  '1:2:3:4:5:6:7::8',
])('given "%s", then it is no address', (host) => expect(ipBytes(host)).toBeUndefined());
