import { crc32 } from 'node:zlib';
import { LogError } from '../errors.js';
import type { LogPosition } from '../position.js';
import { newerFormat } from './segment-header.js';

/*
 * MANIFEST says what the log is made of. It is text, so that a person can read it: one JSON object, a line feed, and a line
 * `crc32 <8 hexadecimal digits>` over everything before that line.
 */

const version = 1;

/** A segment that takes no more batches: what is in the file past `bytes` does not exist. */
export interface SealedSegment {
  readonly id: number;
  /** The point before its first batch. */
  readonly base: LogPosition;
  /** The point behind its last batch. */
  readonly end: LogPosition;
  /** Header included. */
  readonly bytes: number;
}

/** The segment that takes the next batch. */
export interface ActiveSegment {
  readonly id: number;
  readonly base: LogPosition;
}

export interface Manifest {
  /** 32 hexadecimal digits. */
  readonly cluster: string;
  readonly log: number;
  /** Ids below it have been used; an id is never used twice. */
  readonly nextSegmentId: number;
  /** The log's logical start: the batches up to this point were trimmed, whether or not their bytes are still there. */
  readonly start: LogPosition;
  /** In the order of the log, each beginning where the one before ends. */
  readonly sealed: readonly SealedSegment[];
  readonly active: ActiveSegment;
}

export function encodeManifest(manifest: Manifest): Buffer {
  const body = `${JSON.stringify({ format: 'commitlog manifest', version, ...manifest })}\n`;
  return Buffer.from(`${body}crc32 ${hex(crc32(body))}\n`);
}

/**
 * @throws LogError `corrupt` when the bytes are not as they were written, `newer-format` when they are and we cannot read them
 */
export function decodeManifest(bytes: Buffer, path: string): Manifest {
  const bodyLength = bytes.indexOf('\n') + 1;
  const body = bytes.subarray(0, bodyLength);
  if (bytes.toString('latin1', bodyLength) !== `crc32 ${hex(crc32(body))}\n`) {
    throw new LogError(
      'corrupt',
      `${path} is damaged: its checksum is wrong. Nothing was changed. Restore the file, or rebuild this replica from its peers`,
      { path },
    );
  }
  // The checksum comes before the version, so that a flipped bit is never taken for a newer format.
  const {
    format,
    version: found,
    ...manifest
  } = JSON.parse(body.toString()) as Manifest & { format: string; version: number };
  if (format !== 'commitlog manifest' || found > version) {
    throw new LogError('newer-format', newerFormat(path, found, version), { path });
  }
  return manifest;
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
