import { Buffer } from 'node:buffer';
import { type Log, origin } from '@commitlog/log';
import type { RaftGroup } from '@commitlog/raft';
import { indexOf } from '@commitlog/record';
import type { Appender } from './appender.js';
import { ReplicatedLogError } from './errors.js';
import type { LogState } from './log-state.js';

/** What this member has of the log, as of now. */
export interface LogDescription {
  /** The first batch that is served, and the last that is known to be committed; the former is one above the latter where there is none. */
  readonly firstIndex: number;
  readonly commitIndex: number;
  /** The last batch that is on this disk, committed or not. */
  readonly lastIndex: number;
  /** What the segments take on this disk, in bytes. */
  readonly bytes: number;
  readonly segments: number;
  /** Producers that are remembered. */
  readonly producers: number;
  /** When the last committed batch was appended, in ms since 1970; `undefined` in an empty log. */
  readonly lastAppendTimeMs: number | undefined;
}

export interface AdministrationComponents {
  readonly log: Log;
  readonly state: LogState;
  readonly group: RaftGroup;
  readonly appender: Appender;
}

/** It is in memory, and in every checkpoint and snapshot. */
const metadataBytesMax = 64 * 1024;

/** What is done to a log by whoever runs it, and not by those who write and read it. */
export class Administration {
  readonly #with: AdministrationComponents;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(components: AdministrationComponents) {
    this.#with = components;
  }

  /** One after the other: each change is made of what the one before has left. */
  changeMetadata(change: (current: string) => string): Promise<void> {
    const changed = this.#changing.then(() => this.#change(change));
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #change(change: (current: string) => string): Promise<void> {
    const { appender } = this.#with;
    let refused: { readonly error: unknown } | undefined;
    await appender.changeMetadata((current) => {
      try {
        return checked(change(current));
      } catch (error) {
        refused = { error };
        return current;
      }
    });
    if (refused !== undefined) throw refused.error;
    await this.confirm();
  }

  async trim(beforeOffset: number): Promise<number> {
    const { appender, state, log } = this.#with;
    if (!Number.isSafeInteger(beforeOffset) || beforeOffset < 0) {
      const message = `beforeOffset: expected a whole number from 0 to 2^53-1, got ${beforeOffset}`;
      throw new ReplicatedLogError('invalid', message);
    }
    await this.confirm();
    const { applied } = state;
    if (beforeOffset > applied.nextOffset) {
      const bounds = { first: state.start.nextOffset, end: applied.nextOffset };
      const message = `offset ${beforeOffset} is behind the log's end, ${bounds.end}: nothing was trimmed`;
      throw new ReplicatedLogError('out-of-range', message, { requested: beforeOffset, ...bounds });
    }
    if (beforeOffset > state.start.nextOffset) {
      await appender.trim(beforeOffset === applied.nextOffset ? applied : await positionBefore(log, beforeOffset));
      await this.confirm();
    }
    return state.start.nextOffset;
  }

  describe(): LogDescription {
    const { log, state } = this.#with;
    const isEmpty = state.applied.nextOffset === origin.nextOffset;
    return {
      firstIndex: state.start.index + 1,
      commitIndex: state.applied.index,
      lastIndex: log.durable.index,
      bytes: log.segments.reduce((sum, { bytes }) => sum + bytes, 0),
      segments: log.segments.length,
      producers: state.producers.size,
      lastAppendTimeMs: isEmpty ? undefined : state.applied.appendTime,
    };
  }

  /** Until everything that was committed by now is applied here. */
  async confirm(): Promise<void> {
    try {
      await this.#with.group.read();
    } catch (cause) {
      const message = 'no leader has confirmed how far the log goes: try again';
      throw new ReplicatedLogError('unconfirmed', message, { cause });
    }
  }
}

/** The point before the batch that holds a record. */
async function positionBefore(log: Log, offset: number) {
  const { bytes } = await log.read({ from: { offset }, maxBytes: 1 });
  return await log.positionAt(indexOf(bytes) - 1);
}

function checked(metadata: string): string {
  const bytes = typeof metadata === 'string' ? Buffer.byteLength(metadata) : undefined;
  if (bytes !== undefined && bytes <= metadataBytesMax) return metadata;
  const got = bytes === undefined ? typeof metadata : `${bytes} bytes`;
  throw new ReplicatedLogError('invalid', `metadata: expected text of at most ${metadataBytesMax} bytes, got ${got}`);
}
