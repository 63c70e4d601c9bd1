import { once } from 'node:events';
import {
  ApiError,
  type CallContext,
  checkHandshake,
  type Handlers,
  type logV1,
  type membershipV1,
  offsetOutOfRange,
  type peerV1,
  type raftV1,
  requireOffset,
} from '@commitlog/api';
import { admitBatch, BatchError } from '@commitlog/record';
import { type AuditTrail, subjectOf } from '../../src/index.js';

/** What this server says of itself to peers. */
const self: peerV1.Handshake = {
  protocolMin: 1,
  protocolMax: 1,
  clusterId: 'c1',
  nodeId: 'n1',
  storageId: 's1',
  toNodeId: '',
  toStorageId: '',
};

/** What was let through, for the judge: whatever is refused must not show here. */
export class Stored {
  readonly records: Buffer[] = [];
  batches = 0;
  /** Handshakes of peers that were believed. */
  peers = 0;
}

/** A log in memory: the least that answers every call of the public service. */
export function logHandlers(stored: Stored): Handlers<typeof logV1.LogDefinition> {
  const { records } = stored;
  const append = (record: logV1.Record | undefined): bigint => {
    if (record === undefined) throw new ApiError('INVALID_REQUEST', 'there is no record in the request');
    return BigInt(records.push(Buffer.from(record.value)) - 1);
  };
  const read = (offset: bigint): logV1.ConsumeResponse => {
    const at = requireOffset(offset);
    const value = records[at];
    if (value === undefined) throw offsetOutOfRange(at, { start: 0, end: records.length });
    return { record: { value, offset, term: 1n, type: 0 } };
  };
  return {
    produce: ({ record }) => ({ offset: append(record) }),
    consume: ({ offset }) => read(offset),
    async consumeStream({ offset }, { signal }, responses) {
      for (let at = requireOffset(offset); at < records.length; at += 1) await responses.write(read(BigInt(at)));
      // Nobody wakes it: that takes a real log.
      await once(signal, 'abort').catch(() => {});
    },
    async produceStream(requests, _context, responses) {
      for await (const { record } of requests) await responses.write({ offset: append(record) });
    },
    // A defect of a server, with something in it that no client may see.
    getServers: () => Promise.reject(new Error('ENOENT: no such file, open /secret/path/of/the/node')),
    async append(requests, _context, responses) {
      for await (const { batch } of requests) {
        requireBatch(batch);
        stored.batches += 1;
        const value = { baseOffset: 0n, term: 1n, appendTimeMs: 0n, isDuplicate: false };
        await responses.write({ result: { $case: 'appended', value } });
      }
    },
    // More than anybody can take.
    async read(_request, { signal }, responses) {
      const batches = Buffer.alloc(64 * 1024);
      while (!signal.aborted) await responses.write({ batches, nextOffset: 0n, endOffset: 0n });
    },
    openProducer: () => ({ producerId: 1n, epoch: 0, inFlightMax: 1 }),
  };
}

function requireBatch(batch: Uint8Array): void {
  try {
    admitBatch(Buffer.from(batch));
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
    throw new ApiError('INVALID_BATCH', error.message, { metadata: { problem: error.code } });
  }
}

/** What peers call: they are believed when their handshake is that of their certificate. */
export function raftHandlers(stored: Stored, audit: AuditTrail): Handlers<typeof raftV1.RaftServiceDefinition> {
  const believe = believer(stored, audit);
  return {
    async control(requests, context, responses) {
      for await (const { content } of requests) {
        if (content?.$case === 'handshake') await responses.write({ handshake: believe(content.value, context) });
      }
    },
    async bulk(requests, context, responses) {
      for await (const { content } of requests) {
        if (content?.$case === 'handshake') await responses.write({ handshake: believe(content.value, context) });
      }
    },
  };
}

export function membershipHandlers(
  stored: Stored,
  audit: AuditTrail,
): Handlers<typeof membershipV1.MembershipServiceDefinition> {
  const believe = believer(stored, audit);
  return {
    identify: ({ handshake }, context) => ({ handshake: believe(handshake, context) }),
    async gossip() {},
    keyring({ handshake }, context) {
      believe(handshake, context);
      return { keyIds: [], sealingKeyId: '' };
    },
    leave({ handshake }, context) {
      believe(handshake, context);
      return {};
    },
  };
}

function believer(stored: Stored, audit: AuditTrail) {
  return (theirs: peerV1.Handshake | undefined, { principal, method, peer }: CallContext): peerV1.Handshake => {
    try {
      checkHandshake(theirs, { self, principal });
    } catch (error) {
      const { message } = error as Error;
      audit.record({ kind: 'call-refused', subject: subjectOf(principal), method, from: peer, reason: message });
      throw error;
    }
    stored.peers += 1;
    return self;
  };
}
