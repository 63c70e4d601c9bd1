import { BatchError, checkBatch, checkHeader, headerBytes, lengthOf } from '@commitlog/record';
import { LogError } from './errors.js';
import type { LogPosition } from './position.js';
import { positionAfter, sequenceProblem } from './sequence.js';

export interface WalkOptions {
  /** How many bytes from the start of these the segment has: no batch reaches beyond. */
  readonly segmentRest: number;
  /** Whether bodies are checksummed, too; headers always are. */
  readonly checkBodies: boolean;
  /** Called for each good batch, at `at`. Returns `'stop'` to end the walk before that batch. */
  readonly visit?: ((at: number) => 'stop' | undefined) | undefined;
}

/** Where a walk ended, and why. */
export interface WalkEnd {
  /** Behind the last good batch, in bytes. */
  readonly at: number;
  /** The point behind it in the log. */
  readonly previous: LogPosition;
  /** `end`: all bytes were walked. `cut`: those left are the start of a batch, so far a good one. `stop`: the visitor said so. */
  readonly why: 'end' | 'cut' | 'stop' | 'problem';
  /** With `problem`: what was expected and what was found. */
  readonly problem?: string;
}

/**
 * Walks batches that stand back to back, as long as each is whole, checksummed right, and follows the one before.
 *
 * @param previous the point before the first of them
 * @throws LogError `newer-format` at a batch that is whole and of a kind this version does not know: it must not be taken for damage
 */
export function walk(bytes: Buffer, previous: LogPosition, options: WalkOptions): WalkEnd {
  let at = 0;
  let before = previous;
  while (at < bytes.length) {
    if (bytes.length - at < headerBytes) return { at, previous: before, why: 'cut' };
    const isWhole = bytes.length - at >= lengthOf(bytes, at);
    const problem = batchProblem(bytes, at, isWhole, options) ?? sequenceProblem(before, bytes, at);
    if (problem !== undefined) return { at, previous: before, why: 'problem', problem };
    if (!isWhole) return { at, previous: before, why: 'cut' };
    if (options.visit?.(at) === 'stop') return { at, previous: before, why: 'stop' };
    before = positionAfter(bytes, at);
    at += lengthOf(bytes, at);
  }
  return { at, previous: before, why: 'end' };
}

function batchProblem(bytes: Buffer, at: number, isWhole: boolean, options: WalkOptions): string | undefined {
  const limits = { batchBytesMax: options.segmentRest - at };
  try {
    if (isWhole && options.checkBodies) checkBatch(bytes, at, limits);
    else checkHeader(bytes, at, limits);
    return undefined;
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
    if (error.code === 'type' || error.code === 'codec' || error.code === 'flags') {
      throw new LogError(
        'newer-format',
        `the log holds a batch of a kind that this version does not know: ${error.message}. Open it with the version that wrote it, or a later one`,
        { cause: error },
      );
    }
    return error.message;
  }
}
