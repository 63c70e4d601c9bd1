import { Buffer } from 'node:buffer';
import { bootstrapEntry, type Membership } from '@commitlog/raft';
import { batchTypes, encodeControlBatch, stampBatch } from '@commitlog/record';

/** A member's id, which is its node's and its storage's, takes at most so many bytes of UTF-8: the log's hard state has room for that. */
export const memberIdBytesMax = 255;

/**
 * The first batch of a new group's log. Every founding member writes the same, so it has no time of anybody's clock: it is appended at 0.
 *
 * @throws TypeError when these can be no members
 */
export function foundingBatch(founders: Membership): Buffer {
  const { index, term, data } = bootstrapEntry(founders);
  for (const member of [...founders.voters, ...founders.learners]) {
    const bytes = Buffer.byteLength(member);
    if (bytes > memberIdBytesMax) {
      throw new TypeError(`a member id takes at most ${memberIdBytesMax} bytes of UTF-8, got ${bytes}: "${member}"`);
    }
  }
  const batch = encodeControlBatch(batchTypes.configuration, data);
  stampBatch(batch, { index, term, baseOffset: 0, appendTime: 0 });
  return batch;
}
