import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { decodeManifest, encodeManifest, type Manifest } from '../../src/format/manifest.js';
import { withOneBitFlipped } from '../bytes.js';

const base = { index: 40, term: 3, nextOffset: 900, appendTime: 1_767_225_600_000 };
const end = { index: 52, term: 4, nextOffset: 1000, appendTime: 1_767_225_600_123 };
const manifest: Manifest = {
  cluster: '00112233445566778899aabbccddeeff',
  log: 7,
  start: { ...base, index: 45, nextOffset: 950 },
  nextSegmentId: 5,
  sealed: [{ id: 3, base, end, bytes: 4096 }],
  active: { id: 4, base: end },
};

const golden = Buffer.from(
  [
    '{"format":"commitlog manifest","version":1,"cluster":"00112233445566778899aabbccddeeff","log":7,' +
      '"start":{"index":45,"term":3,"nextOffset":950,"appendTime":1767225600000},"nextSegmentId":5,' +
      '"sealed":[{"id":3,"base":{"index":40,"term":3,"nextOffset":900,"appendTime":1767225600000},' +
      '"end":{"index":52,"term":4,"nextOffset":1000,"appendTime":1767225600123},"bytes":4096}],' +
      '"active":{"id":4,"base":{"index":52,"term":4,"nextOffset":1000,"appendTime":1767225600123}}}',
    'crc32 1d25aaf5',
    '',
  ].join('\n'),
);

/** A manifest with this body and the checksum that belongs to it. */
function sealed(body: string): Buffer {
  return Buffer.from(`${body}\ncrc32 ${crc32(`${body}\n`).toString(16).padStart(8, '0')}\n`);
}

it('given the golden manifest, when it is encoded and decoded, then neither has drifted', () => {
  expect(encodeManifest(manifest).toString()).toBe(golden.toString());
  expect(decodeManifest(golden, '/log/MANIFEST')).toEqual(manifest);
});

// A bit flips in a manifest: nats-server 7556.
it('given any flipped bit, when the manifest is read, then it is corrupt, and never a newer format', () => {
  for (const damaged of withOneBitFlipped(golden)) {
    expect(() => decodeManifest(damaged, '/log/MANIFEST')).toThrow(
      expect.objectContaining({ code: 'corrupt', path: '/log/MANIFEST' }),
    );
  }
});

it('given a manifest that is cut anywhere, empty, or zeros, then it is corrupt', () => {
  for (let length = 0; length < golden.length; length += 1) {
    expect(() => decodeManifest(golden.subarray(0, length), 'm')).toThrow(expect.objectContaining({ code: 'corrupt' }));
  }
  expect(() => decodeManifest(Buffer.alloc(512), 'm')).toThrow(expect.objectContaining({ code: 'corrupt' }));
});

it('given a later version with its checksum right, then it is a newer format, and the message says which', () => {
  const newer = sealed(golden.toString().split('\n')[0]!.replace('"version":1', '"version":2'));
  expect(() => decodeManifest(newer, '/log/MANIFEST')).toThrow(
    expect.objectContaining({ code: 'newer-format', message: expect.stringMatching(/version 2.* up to 1/) as string }),
  );
});
