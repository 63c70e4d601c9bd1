import { strict as assert } from 'node:assert';
import { crc32, gzipSync } from 'node:zlib';
import { ApiError, type ApiErrorCode } from '@commitlog/api';
import { encodeBatch, stampBatch } from '@commitlog/record';
import { always, type Case } from '../case.js';
import { drain, requireDiscreet, requireError, withNothingStored } from '../expect.js';
import type { Clients, Ground } from '../ground.js';
import { answerOf, framed, RawConnection } from '../raw.js';

const produce = '/log.v1.Log/Produce';
const status = { invalidArgument: 3, resourceExhausted: 8, unimplemented: 12 } as const;

async function withRaw(ground: Ground, act: (raw: RawConnection) => Promise<unknown>): Promise<void> {
  const raw = new RawConnection(ground);
  try {
    await withNothingStored(ground, () => act(raw));
  } finally {
    raw.close();
  }
}

async function asAlice(ground: Ground, act: (clients: Clients) => Promise<unknown>): Promise<void> {
  const clients = await ground.connect(ground.alice);
  try {
    await withNothingStored(ground, () => act(clients));
  } finally {
    clients.close();
  }
}

/** Produce calls with a body that is not what it should be. */
const bodies: ReadonlyArray<readonly [what: string, body: () => Uint8Array, status: number]> = [
  ['a message that cannot be decoded', () => framed(Buffer.alloc(1000, 0xff)), status.invalidArgument],
  ['a field that is longer than its message', () => framed(Buffer.from('0aff7f', 'hex')), status.invalidArgument],
  ['a message that goes on behind its end', () => framed(Buffer.from('0a020a000000', 'hex')), status.invalidArgument],
  ['a message of 5 MB', () => framed(Buffer.alloc(5_000_000)), status.resourceExhausted],
  [
    'a message that claims to have 4 GB',
    () => framed(Buffer.alloc(1000), { claims: 2 ** 32 - 1 }),
    status.resourceExhausted,
  ],
];

/** Made before there is a connection: it takes seconds, and a silent connection is cut. */
function bombOf(bytes: number): Buffer {
  return framed(gzipSync(Buffer.alloc(bytes), { level: 9 }), { isCompressed: true });
}

const batch = (): Buffer => encodeBatch([{ value: Buffer.from('tea') }, { value: Buffer.from('coffee') }]);

/** Sets a field, and makes the header's checksum right again: only the field itself is wrong. */
function altered(change: (batch: Buffer) => void): Buffer {
  const bytes = batch();
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(4, 64)), 0);
  return bytes;
}

function stamped(): Buffer {
  const bytes = batch();
  stampBatch(bytes, { index: 1, term: 1, baseOffset: 0, appendTime: 1_700_000_000_000 });
  return bytes;
}

const batches: ReadonlyArray<readonly [what: string, bytes: () => Buffer, problem: string]> = [
  ['a wrong checksum of the body', () => altered((bytes) => bytes.writeUInt32LE(0, 52)), 'body-checksum'],
  ['a wrong checksum of the header', () => batch().fill(0, 0, 4), 'header-checksum'],
  ['a wrong length', () => altered((bytes) => bytes.writeUInt32LE(bytes.length - 1, 4)), ''],
  ['a length of 4 GB', () => altered((bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 4)), ''],
  ['a wrong count', () => altered((bytes) => bytes.writeUInt32LE(3, 32)), ''],
  ["the leader's fields filled in", stamped, 'stamped'],
  ['an unknown type', () => altered((bytes) => bytes.writeUInt8(9, 36)), 'type'],
  ['nothing in it', () => Buffer.alloc(0), 'truncated'],
];

async function appendOnce({ log }: Clients, bytes: Buffer): Promise<unknown> {
  const stream = log.append();
  stream.write({ log: '', batch: bytes, expectedOffset: undefined }).catch(() => {});
  stream.end();
  return drain(stream);
}

/** Bad input: messages, offsets, batches. */
export const messageCases: readonly Case[] = [
  ...bodies.map(([what, body, expected]) =>
    always(`${what}: refused with status ${expected}, nothing stored`, (ground) =>
      withRaw(ground, async (raw) => {
        const answer = await raw.call(produce, body());
        assert.equal(answer.status, expected, answer.message);
        requireDiscreet(answer.message);
      }),
    ),
  ),
  always('a compressed bomb, 1 GB in 1 MB: RESOURCE_EXHAUSTED, nothing allocated for it', async (ground) => {
    const bomb = bombOf(1_000_000_000);
    await withRaw(ground, async (raw) => {
      const answer = await raw.call(produce, bomb, { 'grpc-encoding': 'gzip' });
      assert.equal(answer.status, status.resourceExhausted, answer.message);
    });
  }),
  always('a hundred small bombs at once, 10 MB in 10 kB each: RESOURCE_EXHAUSTED', async (ground) => {
    const bomb = bombOf(10_000_000);
    await withRaw(ground, async (raw) => {
      const calls = Array.from({ length: 100 }, () => raw.call(produce, bomb, { 'grpc-encoding': 'gzip' }));
      for (const answer of await Promise.all(calls)) {
        assert.equal(answer.status, status.resourceExhausted, answer.message);
      }
    });
  }),
  always('half a message, and then the end: an error, nothing stored', (ground) =>
    withRaw(ground, async (raw) => {
      const answer = await raw.call(produce, framed(Buffer.alloc(10), { claims: 1000 }));
      assert.notEqual(answer.status, 0);
      requireDiscreet(answer.message);
    }),
  ),
  always('half a message, and then a reset: nothing stored', (ground) =>
    withRaw(ground, async (raw) => {
      const stream = raw.open(produce);
      const answer = answerOf(stream);
      stream.write(framed(Buffer.alloc(10), { claims: 1000 }));
      setTimeout(() => stream.close(8), 50);
      assert.notEqual((await answer).status, 0);
    }),
  ),
  always('methods that there are not: UNIMPLEMENTED', (ground) =>
    withRaw(ground, async (raw) => {
      for (const path of ['/log.v1.Log/Nothing', '/no.Service/At', '/', '/../../etc/passwd']) {
        const answer = await raw.call(path, framed(Buffer.alloc(0)));
        assert.equal(answer.status, status.unimplemented, `${path}: ${answer.message}`);
      }
    }),
  ),
  always('offsets that no log has: INVALID_ARGUMENT, by the number', (ground) =>
    asAlice(ground, async ({ log }) => {
      // As an unsigned number of 64 bits, −1 is the largest of them.
      for (const offset of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
        const error = await requireError(log.consume({ offset, log: '' }), 'INVALID_OFFSET');
        assert.equal(error.grpc, 'INVALID_ARGUMENT');
        assert.equal(error.metadata.offset, `${offset}`);
      }
    }),
  ),
  always('an offset past the end: OUT_OF_RANGE, with the bounds', (ground) =>
    asAlice(ground, async ({ log }) => {
      const { records } = (await ground.report()).stored;
      const error = await requireError(log.consume({ offset: 2n ** 53n - 1n, log: '' }), 'OFFSET_OUT_OF_RANGE');
      assert.equal(error.grpc, 'OUT_OF_RANGE');
      assert.deepEqual([error.metadata.start, error.metadata.end], ['0', `${records}`]);
    }),
  ),
  ...batches.map(([what, bytes, problem]) =>
    always(`a batch with ${what}: INVALID_ARGUMENT, named, nothing stored`, (ground) =>
      asAlice(ground, async (clients) => {
        const error = await requireError(appendOnce(clients, bytes()), 'INVALID_BATCH');
        assert.equal(error.grpc, 'INVALID_ARGUMENT');
        assert.ok(error.metadata.problem, 'the problem has no name');
        if (problem !== '') assert.equal(error.metadata.problem, problem);
      }),
    ),
  ),
  always('a defect of the server: the client gets an id, never a path, and the log explains the id', (ground) =>
    asAlice(ground, async ({ log }) => {
      const error = await requireError(log.getServers({}), 'INTERNAL' satisfies ApiErrorCode);
      assert.ok(error instanceof ApiError);
      assert.doesNotMatch(JSON.stringify([error.message, error.metadata]), /secret|ENOENT/);
      const { defects } = await ground.report();
      const explained = defects.find(({ id }) => id === error.metadata.id);
      assert.match(explained?.error ?? '', /secret\/path/);
    }),
  ),
];
