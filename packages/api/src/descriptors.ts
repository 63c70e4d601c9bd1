import { BinaryReader } from '@bufbuild/protobuf/wire';
import { descriptorSetBase64 } from './generated/descriptors.js';

/**
 * Every `.proto` file of this package and what they import, each as an encoded `google.protobuf.FileDescriptorProto`, imports first: what
 * reflection serves, and what a client without generated code needs.
 */
export function fileDescriptors(): readonly Buffer[] {
  const reader = new BinaryReader(Buffer.from(descriptorSetBase64, 'base64'));
  const files: Buffer[] = [];
  // A FileDescriptorSet has one field: `repeated FileDescriptorProto file = 1`.
  while (reader.pos < reader.len) {
    reader.tag();
    files.push(Buffer.from(reader.bytes()));
  }
  return files;
}
