import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Codec } from '../service.js';
import { bufferOf } from '../status.js';

/**
 * Tags and lengths in one message. Two bytes can become an object of a hundred times that, so that a message within the limit of bytes
 * could hold a million. The largest packets between nodes have two thirds of these.
 */
const wordsMax = 262_144;

/** A writer keeps the memory of the longest message that it wrote; behind a longer one than this it is replaced. */
const writerBytesMax = 2 * 1024 * 1024;

/**
 * A writer grows by doubling, and a fresh one does so for each message: four times a batch's bytes, for each of which the engine counts
 * towards its next collection. Kept, it allocates what it returns.
 */
let kept: BinaryWriter | undefined;

/**
 * A message to bytes, which are the caller's.
 *
 * @throws whatever the generated code throws for what is no such message
 */
export function encode<T>(codec: Codec<T>, message: T): Buffer {
  const writer = kept ?? new BinaryWriter();
  // What throws half-way leaves its beginning in the writer.
  kept = undefined;
  const bytes = bufferOf(codec.encode(message, writer).finish());
  if (bytes.length <= writerBytesMax) kept = writer;
  return bytes;
}

/**
 * Bytes to a message, to the last byte: generated code stops at a tag of 0 as if the message ended there. (One byte of 0 behind a message
 * is therefore accepted: it says nothing.) Fields of type `bytes` are views of what was received: they cost nothing, and each keeps the
 * whole message in memory.
 *
 * @throws Error for more than 262,144 tags and lengths, and whatever the generated code throws
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new BoundedReader(bytes);
  const message = codec.decode(reader);
  if (reader.pos !== reader.len) throw new Error(`the message ends at byte ${reader.pos} of ${reader.len}`);
  return message;
}

/** Reads that many tags and lengths, those of fields that nobody knows included, and no more. */
class BoundedReader extends BinaryReader {
  constructor(bytes: Uint8Array) {
    super(bytes);
    const read = this.uint32;
    let words = 0;
    this.uint32 = () => {
      words += 1;
      if (words > wordsMax) throw new Error(`it has more than ${wordsMax} tags and lengths`);
      return read.call(this);
    };
  }
}
