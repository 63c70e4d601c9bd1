import { createHash } from 'node:crypto';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { logV1 } from '@commitlog/api';
import { verifyLog } from '@commitlog/log';
import { batches, nextOffsetOf } from '@commitlog/record';
import { nodeFiles } from '@commitlog/runtime/node';
import type { NodeProcess, ProcessCluster } from './cluster.js';

/** A segment that was sealed, and is not any more what it was. */
export interface Damage {
  /** Of its batches, when it was whole. */
  readonly sha256: string;
  /** Where its batches begin: no two segments of a log begin at one index. */
  readonly baseIndex: string;
}

const logOf = (dataDir: string): string => join(dataDir, 'logs', 'default', 'log');

/**
 * Flips a bit in the middle of a sealed segment, of a node that does not run.
 *
 * @throws Error where there is none, and where the log would not know that it is damaged
 */
export async function flipByte(dataDir: string): Promise<Damage> {
  const directory = logOf(dataDir);
  const segments = (await readdir(directory)).filter((name) => name.endsWith('.log')).sort();
  const sizes = await Promise.all(
    segments.slice(0, -1).map(async (name) => (await readFile(join(directory, name))).length),
  );
  const name = segments[sizes.indexOf(Math.max(...sizes))];
  if (name === undefined) throw new Error(`${directory} has no sealed segment`);
  const path = join(directory, name);
  const sha256 = await digestOf(path);
  await flip(path);
  const { isSound, findings } = await verifyLog({ dir: directory }, { files: nodeFiles });
  if (isSound || !findings.some(({ file, severity }) => file === name && severity === 'damage')) {
    throw new Error(`a bit of ${path} was flipped, and nothing is damaged: ${JSON.stringify(findings)}`);
  }
  return { sha256, baseIndex: baseOf(name) };
}

/** Whether a replica that was damaged serves what another does, from the start on, and has the same bytes on its disk as before. */
export async function isMended(
  cluster: ProcessCluster,
  damaged: NodeProcess,
  healthy: NodeProcess,
  { baseIndex, sha256 }: Damage,
): Promise<boolean> {
  const { commitlog_log_end_offset: end } = await cluster.gauges(healthy);
  if ((await served(cluster, damaged, end!)) !== (await served(cluster, healthy, end!))) return false;
  const directory = logOf(cluster.dataDir(damaged.name));
  const file = (await readdir(directory)).find((name) => name.endsWith('.log') && baseOf(name) === baseIndex);
  const { commitlog_raft_unreadable_batches: unreadable } = await cluster.gauges(damaged);
  return unreadable === 0 && file !== undefined && (await digestOf(join(directory, file))) === sha256;
}

/** A digest of the batches that a node serves up to an offset. */
async function served(cluster: ProcessCluster, node: NodeProcess, end: number): Promise<string> {
  const sha256 = createHash('sha256');
  const from = { $case: 'start' as const, value: true };
  const request = { log: '', from, follow: false, responseBytesMax: 0, consistency: logV1.Consistency.LINEARIZABLE };
  for await (const { batches: bytes } of cluster.client(node, logV1.LogDefinition).read(request)) {
    const run = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const batch of batches(run)) {
      if (nextOffsetOf(batch) > end) return sha256.digest('hex');
      sha256.update(batch);
    }
  }
  return sha256.digest('hex');
}

async function flip(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const position = Math.floor((await file.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    byte[0]! ^= 0x10;
    await file.write(byte, 0, 1, position);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Of a segment's batches: the header before them says which file it is, and one that was mended is another. */
async function digestOf(segment: string): Promise<string> {
  const headerBytes = 64;
  return createHash('sha256')
    .update((await readFile(segment)).subarray(headerBytes))
    .digest('hex');
}

function baseOf(segment: string): string {
  return segment.slice(0, segment.indexOf('-'));
}
