import { countOf } from '@commitlog/record';
import { type Files, hasErrorCode } from '@commitlog/runtime';
import { LogError } from '../errors.js';
import { decodeCheckpoint } from '../format/checkpoint.js';
import type { SealedSegment } from '../format/manifest.js';
import { markOfActive, type SyncedMark } from '../format/synced.js';
import { HardStateFile } from '../hard-state-file.js';
import { identify, names } from '../layout.js';
import type { LogPosition } from '../position.js';
import { invalid } from '../settings.js';
import { SparseIndex } from '../sparse-index.js';
import { type SurveyedSegment, survey, wholeSegment } from '../survey.js';
import { SyncedFile } from '../synced-file.js';
import { type OfflineLog, whileUnchanged } from './files-of-log.js';

/** Something that is not as it should be. */
export interface Finding {
  /** `damage`: something that was stored cannot be read as it was. `note`: nothing is lost, and the next start puts it right. */
  readonly severity: 'damage' | 'note';
  /** A name in the log's directory. */
  readonly file: string;
  readonly message: string;
  /** The first index that cannot be read because of it. */
  readonly firstIndex?: number;
  readonly lastIndex?: number;
}

export interface Verification {
  /** Whether there is no damage. */
  readonly isSound: boolean;
  readonly findings: readonly Finding[];
  readonly segments: number;
  readonly batches: number;
  readonly records: number;
  /** Bytes of segments that were read. */
  readonly bytes: number;
}

export interface VerifySettings {
  readonly dir: string;
  /** Called with the bytes of segments read so far, and with how many there are. */
  readonly progress?: (bytes: number, allBytes: number) => void;
}

/**
 * Reads every byte of a log, and checks it against everything that is known about it. Changes nothing.
 *
 * @throws LogError `settings`, `wrong-directory`, `newer-format`, `locked`, `permission`, `io`; `corrupt` when the manifest is, so that nothing else can be checked
 */
export async function verifyLog(
  settings: VerifySettings,
  components: { readonly files: Files },
): Promise<Verification> {
  const { dir, progress = () => {} } = settings ?? {};
  if (typeof progress !== 'function') throw invalid('progress', 'a function', progress);
  return await whileUnchanged(dir, components, async (log) => {
    const verifier = new Verifier(log, progress);
    await verifier.run();
    return verifier.result;
  });
}

class Verifier {
  readonly #log: OfflineLog;
  readonly #progress: (bytes: number, allBytes: number) => void;
  readonly #findings: Finding[] = [];
  readonly #seen = new Set<string>([names.manifest, names.hardState, names.synced]);
  #batches = 0;
  #records = 0;
  #bytes = 0;

  constructor(log: OfflineLog, progress: (bytes: number, allBytes: number) => void) {
    this.#log = log;
    this.#progress = progress;
  }

  get result(): Verification {
    return {
      isSound: this.#findings.every(({ severity }) => severity === 'note'),
      findings: this.#findings,
      segments: this.#log.manifest.sealed.length + 1,
      batches: this.#batches,
      records: this.#records,
      bytes: this.#bytes,
    };
  }

  async run(): Promise<void> {
    const { sealed, active } = this.#log.manifest;
    await this.#verifyHardState();
    const mark = await this.#verifySynced();
    const allBytes = sealed.reduce((sum, { bytes }) => sum + bytes, mark.position);
    for (const segment of sealed) {
      await this.#verifySegment(segment, false);
      await this.#verifyIndex(segment);
      this.#progress(this.#bytes, allBytes);
    }
    this.#verifyStart(await this.#verifySegment({ ...active, end: mark.end, bytes: mark.position }, true));
    this.#progress(this.#bytes, allBytes);
    await this.#verifyCheckpoints([...sealed.map(({ base }) => base), active.base]);
    this.#noteOthers();
  }

  async #verifyHardState(): Promise<void> {
    const copies = await HardStateFile.readCopies(this.#log.directory);
    const [first, second] = copies ?? [];
    if (first === undefined && second === undefined) {
      this.#damage(
        names.hardState,
        copies === undefined
          ? 'it is missing: the log cannot be opened'
          : 'both copies are damaged: the log cannot be opened',
      );
    } else if (first?.sequence !== second?.sequence) {
      this.#note(
        names.hardState,
        'one of its two copies is damaged or was being written: the next start makes it anew',
      );
    }
  }

  async #verifySynced(): Promise<SyncedMark> {
    const { active } = this.#log.manifest;
    const mark = await SyncedFile.read(this.#log.directory);
    if (mark === undefined)
      this.#damage(names.synced, 'it is missing, or damaged in both places: the log cannot be opened');
    else if (mark.segmentId > active.id) {
      this.#damage(
        names.manifest,
        `it ends with segment ${active.id}, and ${names.synced} speaks of ${mark.segmentId}: it is an old copy`,
      );
    }
    return markOfActive(mark, active);
  }

  /** What was trimmed was synced before: a start refuses a log that ends below. */
  #verifyStart(end: LogPosition): void {
    const { start, active } = this.#log.manifest;
    if (end.index >= start.index) return;
    this.#damage(
      names.segment(active.base.index + 1, active.id),
      `the log begins behind index ${start.index}, and what can be read ends with ${end.index}: acknowledged batches are damaged, and ${names.synced}, which would tell, is, too: the log cannot be opened`,
    );
  }

  /** @returns where the segment ends, as far as it can be read */
  async #verifySegment(segment: SealedSegment, isActive: boolean): Promise<LogPosition> {
    const { directory, manifest } = this.#log;
    const { cluster, log } = manifest;
    const name = names.segment(segment.base.index + 1, segment.id);
    this.#seen.add(name);
    const surveyed: SurveyedSegment = {
      header: { cluster, log, id: segment.id, baseIndex: segment.base.index + 1, baseOffset: segment.base.nextOffset },
      base: segment.base,
      known: { position: segment.bytes, end: segment.end },
      until: segment.bytes,
      path: directory.pathOf(name),
    };
    const file = await directory.open(name, 'read').catch((error: unknown) => {
      if (error instanceof LogError && hasErrorCode(error.cause, 'ENOENT')) return undefined;
      throw error;
    });
    if (file === undefined) {
      this.#hole(wholeSegment(surveyed, 'the file is missing'));
      return segment.end;
    }
    try {
      const size = await file.size();
      this.#bytes += isActive ? size : Math.min(size, segment.bytes);
      const { holes, end } = await survey(
        file,
        { ...surveyed, until: isActive ? size : segment.bytes },
        {
          batch: (bytes, at) => {
            this.#batches += 1;
            this.#records += countOf(bytes, at);
          },
        },
      );
      for (const hole of holes) this.#hole(hole);
      if (end.position < size) {
        const what = isActive ? 'were being written when the log stopped' : 'are behind the end of the segment';
        this.#note(
          name,
          `${size - end.position} bytes from byte ${end.position} on ${what}: they are not part of the log`,
        );
      }
      return end.previous;
    } finally {
      await file.close();
    }
  }

  async #verifyIndex({ id, base, bytes }: SealedSegment): Promise<void> {
    const name = names.sparseIndex(base.index + 1, id);
    this.#seen.add(name);
    const cached = await this.#log.directory.readAround(name);
    if (cached !== undefined && SparseIndex.decode(cached, id, base, bytes) === undefined) {
      this.#note(name, 'the index is damaged or cut short: it is made anew when it is needed');
    }
  }

  async #verifyCheckpoints(boundaries: readonly LogPosition[]): Promise<void> {
    for (const { index, term } of boundaries) {
      const name = names.checkpoint(index, term);
      const bytes = await this.#log.directory.readAround(name);
      this.#seen.add(name);
      if (bytes !== undefined && decodeCheckpoint(bytes, { index, term }) === undefined) {
        this.#damage(name, 'the checkpoint is damaged: derive the state from an older one');
      }
    }
  }

  #noteOthers(): void {
    for (const name of this.#log.found) {
      if (this.#seen.has(name) || identify(name)?.kind === 'lock') continue;
      const isOurs = identify(name) !== undefined;
      this.#note(
        name,
        isOurs
          ? 'left over by an interrupted change: the next start removes it'
          : 'not a file of the log: it is left alone',
      );
    }
  }

  #hole({ file, firstIndex, lastIndex, position, reason }: ReturnType<typeof wholeSegment>): void {
    if (lastIndex < firstIndex) {
      this.#damage(file, reason);
      return;
    }
    const message = `from byte ${position} on, the batches from index ${firstIndex} to ${lastIndex} cannot be read: ${reason}`;
    this.#findings.push({ severity: 'damage', file, message, firstIndex, lastIndex });
  }

  #damage(file: string, message: string): void {
    this.#findings.push({ severity: 'damage', file, message });
  }

  #note(file: string, message: string): void {
    this.#findings.push({ severity: 'note', file, message });
  }
}
