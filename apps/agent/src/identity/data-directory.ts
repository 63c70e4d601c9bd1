import { Reserve, SideFile } from '@commitlog/replicated-log';
import type { Files, Lock } from '@commitlog/runtime';
import { z } from 'zod';
import { AgentError } from '../errors.js';

const id = z.string().regex(/^[0-9a-f]{32}$/);

/** Whose directory this is. */
export interface Identity {
  /** Drawn by the bootstrap. */
  readonly clusterId: string;
  readonly clusterName: string;
  readonly nodeId: string;
  /** The name of this disk: drawn for a new directory, and never again. */
  readonly storageId: string;
  /**
   * `founding`, `joining`: the log is being made, and may not be there. `whole`: it is there, and if it is not, it was lost, and with it what this
   * disk has promised.
   */
  readonly state: 'founding' | 'joining' | 'whole';
}

const identity: z.ZodType<Identity> = z.object({
  clusterId: id,
  clusterName: z.string().min(1),
  nodeId: z.string().min(1),
  storageId: id,
  state: z.enum(['founding', 'joining', 'whole']),
});

/**
 * Where a node keeps everything: `IDENTITY`, which says whose it is, `MEMBERSHIP`, where gossip has seen others, `RESERVE`, which is room to start
 * in, and `logs/`. One agent at a time.
 */
export class DataDirectory {
  readonly path: string;
  readonly #file: SideFile;
  readonly #lock: Lock;
  #identity: Identity | undefined;

  private constructor(path: string, file: SideFile, lock: Lock, found: Identity | undefined) {
    this.path = path;
    this.#file = file;
    this.#lock = lock;
    this.#identity = found;
  }

  /**
   * Takes the directory, and makes it where there is none.
   *
   * @throws AgentError `identity-damaged`
   * @throws LockedError when another agent has it
   */
  static async open(path: string, { files }: { readonly files: Files }): Promise<DataDirectory> {
    await files.makeDirectory(path);
    // A lock is a file: on a full disk it needs room that was kept for it (nats-server 5382).
    const reserve = new Reserve(path, files);
    const lock = await reserve.spend(() => files.lock(path));
    try {
      // The lock before this one is gone, and has left as much as this one took. Where others were quicker, the next start may do without.
      await reserve.fill();
      const file = new SideFile(path, 'IDENTITY', files);
      return new DataDirectory(path, file, lock, await load(file, await files.list(path)));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** `undefined` in a new directory. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** Where a log is kept. */
  logPath(name: string): string {
    return `${this.path}/logs/${name}`;
  }

  /** On disk when it resolves. */
  async save(identity: Identity): Promise<void> {
    await this.#file.save(Buffer.from(`${JSON.stringify(identity)}\n`));
    this.#identity = identity;
  }

  close(): Promise<void> {
    return this.#lock.release();
  }
}

/** @throws AgentError `identity-damaged`: drawing another would leave a log whose disk has no name */
async function load(file: SideFile, names: readonly string[]): Promise<Identity | undefined> {
  const content = await file.load();
  if (content === undefined) {
    if (!names.includes('IDENTITY') && !names.includes('logs')) return undefined;
    const what = names.includes('IDENTITY') ? 'cannot be read' : 'is missing beside a log';
    throw damaged(file, what);
  }
  try {
    return identity.parse(JSON.parse(content.toString()));
  } catch (cause) {
    throw damaged(file, 'does not say what an identity says', cause);
  }
}

function damaged({ path }: SideFile, what: string, cause?: unknown): AgentError {
  const todo =
    'put it back from a copy; or, if the other nodes have the log, move the whole directory away and join anew';
  return new AgentError('identity-damaged', `${path} ${what}: ${todo}`, { cause });
}
