import type { Log } from '../log.js';
import type { LogSettings } from '../settings.js';

/** What a case asks of the log that it is given. */
export type ConformanceSettings = Pick<LogSettings, 'segmentBytes' | 'pendingBytesMax' | 'checkpoint'>;

/** A log that holds nothing yet. */
export interface FreshLog {
  readonly log: Log;
  /** Opens the same log once more, with the same settings; the one before was closed. */
  readonly reopen: () => Promise<Log>;
}

/** Makes a new log. Whoever hands this in disposes of the logs afterwards, closed or not. */
export type OpenFresh = (settings?: ConformanceSettings) => Promise<FreshLog>;

export interface ConformanceCase {
  /** A sentence that holds of a log which conforms. */
  readonly name: string;
  /** Rejects when the log does not conform. */
  readonly run: (open: OpenFresh) => Promise<void>;
}
