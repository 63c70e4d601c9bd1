import { Buffer } from 'node:buffer';
import type { SnapshotMeta } from '@commitlog/raft';
import type { Files } from '@commitlog/runtime';
import { SideFile } from './side-file.js';

/** A snapshot, and what it holds: the state that is derived from the log up to its index. */
export interface Snapshot {
  readonly meta: SnapshotMeta;
  readonly data: Buffer;
}

/** The newest snapshot, in memory and in a file: the length of its description (u32, little-endian), that as JSON, and its bytes. */
export class SnapshotFile {
  readonly #file: SideFile;
  #newest: Snapshot | null = null;

  private constructor(file: SideFile) {
    this.#file = file;
  }

  /** One that cannot be read is as good as none: `LogStorage` derives another from the log. */
  static async open(directory: string, files: Files): Promise<SnapshotFile> {
    const opened = new SnapshotFile(new SideFile(directory, 'SNAPSHOT', files));
    const content = await opened.#file.load();
    if (content !== undefined) {
      const dataAt = 4 + content.readUInt32LE(0);
      const meta = JSON.parse(content.toString('utf8', 4, dataAt)) as SnapshotMeta;
      opened.#newest = { meta, data: content.subarray(dataAt) };
    }
    return opened;
  }

  get newest(): Snapshot | null {
    return this.#newest;
  }

  /** Makes a snapshot the newest. */
  async save(snapshot: Snapshot): Promise<void> {
    const described = Buffer.from(JSON.stringify(snapshot.meta));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(described.length);
    await this.#file.save(Buffer.concat([length, described, snapshot.data]));
    this.#newest = snapshot;
  }
}
