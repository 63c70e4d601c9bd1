import { basename } from 'node:path';
import type { Files, OpenFile } from '@commitlog/runtime';

/** What was asked of a disk. */
export interface DiskCounts {
  /** Writes of record batches: how many groups the appends came in. */
  groups: number;
  /** Times that something was made durable, a file or the names in a directory. */
  syncs: number;
}

/** The same files, and a count of what is done with them. */
export function countedFiles(files: Files): { readonly files: Files; readonly counts: Readonly<DiskCounts> } {
  const counts: DiskCounts = { groups: 0, syncs: 0 };
  const counted: Files = {
    absolute: (path) => files.absolute(path),
    list: (directory) => files.list(directory),
    makeDirectory: (directory) => files.makeDirectory(directory),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    lock: (directory) => files.lock(directory),
    open: async (path, mode, permissions) =>
      countedFile(await files.open(path, mode, permissions), basename(path).endsWith('.log'), counts),
    syncDirectory: (directory) => {
      counts.syncs += 1;
      return files.syncDirectory(directory);
    },
  };
  return { files: counted, counts };
}

function countedFile(file: OpenFile, isSegment: boolean, counts: DiskCounts): OpenFile {
  return {
    size: () => file.size(),
    permissions: () => file.permissions(),
    read: (into, position) => file.read(into, position),
    resize: (bytes) => file.resize(bytes),
    close: () => file.close(),
    write: (buffers, position) => {
      // At 0 stands the segment's own header.
      if (isSegment && position > 0) counts.groups += 1;
      file.write(buffers, position);
    },
    sync: () => {
      counts.syncs += 1;
      return file.sync();
    },
  };
}
