import { Buffer } from 'node:buffer';
import type { ProducerFields, RecordInput, Stamp } from '../src/index.js';

/** The example of docs/record-batch.md. Bytes like these are on disks: they may be added to, and never change. */
export const goldenInput: readonly RecordInput[] = [
  {
    key: Buffer.from('user-7'),
    value: Buffer.from('signed in'),
    headers: [{ key: 'träger', value: Buffer.from('web') }, { key: 'seen' }],
    time: 1_767_225_600_000,
  },
  { value: Buffer.alloc(0), time: 1_767_225_599_990 },
];

export const goldenProducer: ProducerFields = { producerId: 0x11_2233_4455, producerEpoch: 3, baseSequence: 41 };

export const goldenStamp: Stamp = { index: 12, term: 4, baseOffset: 1000, appendTime: 1_767_225_600_123 };

/** As the producer encodes it. */
export const goldenUnstamped: Buffer = bytes(`
  53 4d b5 44  73 00 00 00  00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
  02 00 00 00  01 00  03 00  55 44 33 22 11 00 00 00
  29 00 00 00  c4 35 4f 11  00 00 00 00 00 00 00 00
  00 a8 da 76 9b 01 00 00
  4a 00  0c 75 73 65 72 2d 37  12 73 69 67 6e 65 64 20 69 6e
  04  0e 74 72 c3 a4 67 65 72  06 77 65 62  08 73 65 65 6e  01
  08 13 01 00 00
`);

/** As the leader stamps it. */
export const goldenStamped: Buffer = bytes(`
  8b 80 91 37  73 00 00 00  0c 00 00 00 00 00 00 00
  04 00 00 00 00 00 00 00  e8 03 00 00 00 00 00 00
  02 00 00 00  01 00  03 00  55 44 33 22 11 00 00 00
  29 00 00 00  c4 35 4f 11  7b a8 da 76 9b 01 00 00
  00 a8 da 76 9b 01 00 00
  4a 00  0c 75 73 65 72 2d 37  12 73 69 67 6e 65 64 20 69 6e
  04  0e 74 72 c3 a4 67 65 72  06 77 65 62  08 73 65 65 6e  01
  08 13 01 00 00
`);

/** A no-op as encoded: a header and no body. */
export const goldenNoop: Buffer = bytes(`
  de 33 f6 6b 40 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
`);

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}
