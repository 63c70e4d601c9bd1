import { execFile } from 'node:child_process';
import { mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { nodeFiles } from '@commitlog/runtime/node';

const run = promisify(execFile);

/** `EXT4_IOC_SHUTDOWN`, `_IOR('X', 125, __u32)`, with `EXT4_GOING_FLAGS_NOLOGFLUSH`: whatever was not synced is gone, the journal's too. */
const cutPowerScript =
  'open(my $d, "<", $ARGV[0]) or die "$!"; my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die "ioctl: $!"';

const canary = 'a canary: whether what was synced survives, and what was not does not';
const blockBytes = 4096;
const chunkBytes = 256 * blockBytes;

/** An ext4 file system of its own, in a file. It can be full, hang, and lose its power, as a disk can. Takes root on Linux. */
export class LoopDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #image: string;
  #isMounted = false;

  private constructor(dir: string) {
    this.path = join(dir, 'mounted');
    this.#image = join(dir, 'image');
  }

  /** @param dir an empty directory, for the image and the mount point */
  static async make(dir: string, mebibytes: number): Promise<LoopDisk> {
    const disk = new LoopDisk(dir);
    await mkdir(disk.path, { recursive: true });
    await writeFile(disk.#image, '');
    await truncate(disk.#image, mebibytes * 2 ** 20);
    // No blocks that only root may use, and nothing that is done later in the background.
    const options = ['-m', '0', '-b', `${blockBytes}`, '-E', 'lazy_itable_init=0,lazy_journal_init=0'];
    await run('mkfs.ext4', ['-q', '-F', ...options, disk.#image]);
    await disk.#mount();
    return disk;
  }

  /** @returns why there can be none here; `undefined` where there can */
  static async missing(dir: string): Promise<string | undefined> {
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      return 'it mounts file systems, for which it must be root on Linux';
    const tools = { 'mkfs.ext4': ['-V'], mount: ['-V'], umount: ['-V'], fsfreeze: ['-V'], perl: ['-v'] };
    for (const [tool, flags] of Object.entries(tools)) {
      const isThere = await run(tool, flags).then(
        () => true,
        () => false,
      );
      if (!isThere) return `there is no ${tool} here`;
    }
    try {
      const disk = await LoopDisk.make(dir, 8);
      await disk.remove();
      return undefined;
    } catch (error) {
      return `no file system in a file can be mounted here: ${(error as Error).message.trim()}`;
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** Whoever writes hangs until it is thawed, and cannot even be killed. */
  async freeze(): Promise<void> {
    await run('fsfreeze', ['--freeze', this.path]);
  }

  async thaw(): Promise<void> {
    await run('fsfreeze', ['--unfreeze', this.path]);
  }

  /** Leaves no room for another block. */
  async fill(): Promise<void> {
    const ballast = await open(this.#ballast, 'a');
    try {
      for (const bytes of [chunkBytes, blockBytes]) {
        while (await ballast.write(Buffer.alloc(bytes, 1)).then(isWhole(bytes), isFull));
      }
      await ballast.sync();
    } finally {
      await ballast.close();
    }
  }

  async free(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  /**
   * What was not synced until now is lost, and everything fails from here on. Call `restore` once nobody has a file open.
   *
   * @throws Error where it is not allowed
   */
  async cutPower(): Promise<void> {
    await writeFile(this.#canary('synced'), canary, { flush: true });
    await nodeFiles.syncDirectory(this.path);
    await writeFile(this.#canary('unsynced'), canary);
    await run('perl', ['-e', cutPowerScript, this.path]);
  }

  /**
   * The power is back.
   *
   * @throws Error when the cut has lost too much, or nothing: then it proves nothing
   */
  async restore(): Promise<void> {
    await this.#unmount();
    await this.#mount();
    const kept = async (name: string) => (await readFile(this.#canary(name), 'utf8').catch(() => '')) === canary;
    if (!(await kept('synced'))) throw new Error(`${this.path}: the power cut has lost what was synced`);
    if (await kept('unsynced')) throw new Error(`${this.path}: the power cut has lost nothing`);
    for (const name of ['synced', 'unsynced']) await rm(this.#canary(name), { force: true });
  }

  /** Nothing is left of it but a directory. Whatever state it is in, and more than once. */
  async remove(): Promise<void> {
    if (!this.#isMounted) return;
    await this.thaw().catch(() => {
      // It was not frozen.
    });
    await this.#unmount();
    await rm(this.#image, { force: true });
  }

  async #mount(): Promise<void> {
    // The loop device goes when nobody has it mounted any more.
    await run('mount', ['-o', 'loop', this.#image, this.path]);
    this.#isMounted = true;
  }

  async #unmount(): Promise<void> {
    const triesMax = 50;
    for (let tries = 1; ; tries += 1) {
      try {
        await run('umount', [this.path]);
        this.#isMounted = false;
        return;
      } catch (error) {
        // A process that was just killed may hold it for a moment more.
        if (tries === triesMax) throw error;
        await sleep(100);
      }
    }
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }

  #canary(name: string): string {
    return join(this.path, `canary-${name}`);
  }
}

/** Where the disks of a cluster's nodes are told apart by the nodes' names. */
export class LoopDisks {
  readonly #disks = new Map<string, LoopDisk>();

  static async make(dir: string, names: readonly string[], mebibytes: number): Promise<LoopDisks> {
    const disks = new LoopDisks();
    try {
      for (const name of names) disks.#disks.set(name, await LoopDisk.make(join(dir, name), mebibytes));
    } catch (error) {
      await disks.remove();
      throw error;
    }
    return disks;
  }

  of({ name }: { readonly name: string }): LoopDisk {
    return this.#disks.get(name)!;
  }

  /** Whoever hangs on one of them goes on. */
  async thaw(): Promise<void> {
    for (const disk of this.#disks.values()) await disk.thaw().catch(() => {});
  }

  async remove(): Promise<void> {
    for (const disk of this.#disks.values()) await disk.remove();
  }
}

function isWhole(bytes: number): (written: { readonly bytesWritten: number }) => boolean {
  return ({ bytesWritten }) => bytesWritten === bytes;
}

function isFull(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOSPC') return false;
  throw error;
}
