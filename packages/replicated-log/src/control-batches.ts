import { Buffer } from 'node:buffer';
import type { LogPosition } from '@commitlog/log';
import { batchTypes, encodeControlBatch, headerBytes, typeOf } from '@commitlog/record';
import type { Registration } from './producer-table.js';

/*
 * What the replicated log itself appends: registrations of producers, moves of the logical start, and metadata. JSON, as small as they are rare.
 */

/** What a control batch of this package says. */
export type ControlRecord =
  | { readonly kind: 'registration'; readonly registration: Registration }
  /** The log's logical start is this point, unless it is further on already. */
  | { readonly kind: 'trim'; readonly start: LogPosition }
  /** What the log's users have agreed on, in the place of what they had before. */
  | { readonly kind: 'metadata'; readonly metadata: string };

export function encodeRegistration({ id, epoch, subject, name }: Registration): Buffer {
  return encodeControlBatch(batchTypes.producer, Buffer.from(JSON.stringify({ id, epoch, subject, name })));
}

export function encodeTrim({ index, term, nextOffset, appendTime }: LogPosition): Buffer {
  return encodeControlBatch(batchTypes.trim, Buffer.from(JSON.stringify({ index, term, nextOffset, appendTime })));
}

export function encodeMetadata(metadata: string): Buffer {
  return encodeControlBatch(batchTypes.metadata, Buffer.from(JSON.stringify({ metadata })));
}

/** What a batch of the log says to this package; `undefined` of all that it does not make itself. */
export function controlRecordOf(batch: Buffer): ControlRecord | undefined {
  switch (typeOf(batch)) {
    case batchTypes.producer:
      return { kind: 'registration', registration: bodyOf(batch) as Registration };
    case batchTypes.trim:
      return { kind: 'trim', start: bodyOf(batch) as LogPosition };
    case batchTypes.metadata:
      return { kind: 'metadata', metadata: (bodyOf(batch) as { metadata: string }).metadata };
    default:
      return undefined;
  }
}

function bodyOf(batch: Buffer): unknown {
  return JSON.parse(batch.toString('utf8', headerBytes));
}
