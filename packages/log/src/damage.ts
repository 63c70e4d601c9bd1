/** A stretch of a segment that cannot be read as it was written. */
export interface Damage {
  readonly segmentId: number;
  /** The file's name in the log's directory. */
  readonly file: string;
  /** The first index that is missing because of it. */
  readonly firstIndex: number;
  /** The last one; below `firstIndex` where only the segment's own header is damaged, and no batch is missing. */
  readonly lastIndex: number;
  /** Where in the file it begins, in bytes. */
  readonly position: number;
  /** What was expected there and what was found, in words. */
  readonly reason: string;
}
