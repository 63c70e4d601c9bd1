/** What the whole disk allows. */
export interface DiskLimits {
  /** How many bytes all files together may have; a write beyond writes what fits and fails with `ENOSPC`. */
  capacityBytes: number;
  /** Whether every change fails with `EROFS`. */
  isReadOnly: boolean;
}
