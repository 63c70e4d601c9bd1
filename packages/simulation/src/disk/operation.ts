/** What can be asked of a disk: the methods of `Files`, `OpenFile` and `Lock`. */
export type OperationMethod =
  | 'open'
  | 'list'
  | 'makeDirectory'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'lock'
  | 'release'
  | 'size'
  | 'permissions'
  | 'read'
  | 'write'
  | 'resize'
  | 'sync'
  | 'close';

/** One thing that a program asked of the disk. */
export interface Operation {
  /** Counts from 1, over everything asked of this disk. */
  readonly number: number;
  readonly method: OperationMethod;
  /** Absolute. For an open file, the path under which it was opened, whatever it is called now. */
  readonly path: string;
  /** The new path of a rename. */
  readonly to?: string;
  /** Where a read or write begins, in bytes. */
  readonly position?: number;
  /** How many bytes a read or write is about; the new length for a resize. */
  readonly bytes?: number;
  /** What the program was doing, in the words of the harness that runs it. */
  readonly label: string;
}

/** What an operation is about. */
export type OperationSubject = Pick<Operation, 'to' | 'position' | 'bytes'>;
