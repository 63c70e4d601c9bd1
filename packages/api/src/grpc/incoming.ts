import type { Readable } from 'node:stream';
import { ApiError } from '../errors.js';

/** How many messages are decoded ahead of whoever takes them. Node's 16 would be 32 MiB for each stream of full batches. */
const messagesAheadMax = 1;

/**
 * What may be iterated once. A second loop would find nothing, as if the stream had ended: it throws instead.
 *
 * @throws TypeError from the second time on
 */
export function once<T>(iterate: () => AsyncGenerator<T, void, void>): AsyncIterable<T> {
  let isTaken = false;
  return {
    [Symbol.asyncIterator]: () => {
      if (isTaken) throw new TypeError('a stream is iterated once: keep its iterator to go on later');
      isTaken = true;
      return iterate();
    },
  };
}

/**
 * The messages of a stream, as they come; the next is read when there is room for it. Leaving the loop does not end the call.
 *
 * @param reason why the call is over, if it is: what the loop throws when messages stop coming
 * @throws ApiError the reason
 */
export async function* incoming<T>(stream: Readable, reason: () => Error | undefined): AsyncGenerator<T, void, void> {
  aheadOf(stream).highWaterMark = messagesAheadMax;
  try {
    for await (const message of stream.iterator({ destroyOnReturn: false })) yield message as T;
  } catch (error) {
    throw reason() ?? new ApiError('CANCELLED', 'the stream broke off', { cause: error });
  }
}

/** Node has no option for it once a stream was made. */
function aheadOf(stream: Readable): { highWaterMark: number } {
  return (stream as unknown as { _readableState: { highWaterMark: number } })._readableState;
}
