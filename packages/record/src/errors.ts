/** What can be wrong with a batch, or with what somebody asked to be put into one. */
export type BatchErrorCode =
  /** The bytes end before the header, or before the batch that the header announces. */
  | 'truncated'
  /** The length field is below 64 or above the limit, or is not the number of bytes that were handed over. */
  | 'length'
  /** Bytes 4–63 do not give headerCrc. */
  | 'header-checksum'
  /** Bytes 64… do not give bodyCrc. */
  | 'body-checksum'
  /** The type is 0, unknown to this version, or not wanted here. */
  | 'type'
  /** The compression codec is unknown to this version. */
  | 'codec'
  /** A flag is set that is unknown to this version. */
  | 'flags'
  /** The count does not fit the type, cannot fit the bytes, or is not the number of records. */
  | 'count'
  /** A record's inner lengths do not add up, a varint is not the shortest, a header key is not Unicode, a value or a batch is no bytes. */
  | 'record'
  /** A field that only a leader fills is not zero. */
  | 'stamped'
  /** A number is outside of its field's range, or outside of ±(2^53 − 1): it would have to be rounded. */
  | 'number'
  /** What is to be encoded does not fit into one batch. */
  | 'too-large';

/** The values behind a {@link BatchError}, for programs; its message has them in words. */
export interface BatchErrorValues {
  /** Where in the bytes handed over, in bytes. Absent when nothing was read: the error is about an argument. */
  readonly at?: number | undefined;
  /** What was expected: a checksum, a bound, a count. Absent when no one number says it. */
  readonly expected?: number | undefined;
  /** What was found in its place; a `bigint` when a `number` would round it. */
  readonly found?: number | bigint | undefined;
}

/** The only error that this package throws for bytes it cannot accept and for values it cannot encode. */
export class BatchError extends Error {
  readonly code: BatchErrorCode;
  /** See {@link BatchErrorValues.at}. */
  readonly at: number | undefined;
  /** See {@link BatchErrorValues.expected}. */
  readonly expected: number | undefined;
  /** See {@link BatchErrorValues.found}. */
  readonly found: number | bigint | undefined;

  constructor(code: BatchErrorCode, message: string, values: BatchErrorValues = {}) {
    super(message);
    this.name = 'BatchError';
    this.code = code;
    this.at = values.at;
    this.expected = values.expected;
    this.found = values.found;
  }
}
