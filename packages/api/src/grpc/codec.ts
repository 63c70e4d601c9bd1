import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Codec } from '../service.js';

/**
 * Bytes to a message, to the last byte: generated code stops at a tag of 0 as if the message ended there. Fields of type `bytes` are
 * views of what was received: they cost nothing, and each keeps the whole message in memory.
 *
 * @throws Error whatever the generated code throws
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new BinaryReader(bytes);
  const message = codec.decode(reader);
  if (reader.pos !== reader.len) throw new Error(`the message ends at byte ${reader.pos} of ${reader.len}`);
  return message;
}
