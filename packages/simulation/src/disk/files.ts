import { type Files, type Lock, LockedError, type OpenFile, type OpenMode } from '@commitlog/runtime';
import type { Gate } from './gate.js';
import type { DiskLimits } from './limits.js';
import { SimulatedOpenFile } from './open-file.js';
import type { OperationMethod, OperationSubject } from './operation.js';
import { absolute } from './path.js';
import { PosixError } from './posix-error.js';
import type { Volume } from './volume.js';

/** What a process's mask takes away on most machines: nobody but the owner may write. */
const maskedPermissions = 0o022;

/** A volume as a program sees it. Everything takes effect at once; a promise is settled when it is returned. */
export class SimulatedFiles implements Files {
  readonly #volume: Volume;
  readonly #gate: Gate;
  readonly #limits: DiskLimits;
  readonly #locked: Set<number> = new Set();

  constructor(volume: Volume, gate: Gate, limits: DiskLimits) {
    this.#volume = volume;
    this.#gate = gate;
    this.#limits = limits;
  }

  async open(path: string, mode: OpenMode, permissions = 0o666): Promise<OpenFile> {
    const wanted = this.#pass('open', path);
    if (mode !== 'read') this.#refuseIfReadOnly('open', wanted);
    const inode =
      mode === 'create'
        ? this.#volume.create(wanted, 'open', permissions & ~maskedPermissions)
        : this.#volume.find(wanted, 'open');
    this.#volume.file(inode, 'open', wanted);
    const components = { volume: this.#volume, gate: this.#gate, limits: this.#limits };
    return new SimulatedOpenFile(inode, wanted, mode !== 'read', components);
  }

  absolute(path: string): string {
    return absolute(path);
  }

  async list(directory: string): Promise<string[]> {
    const wanted = this.#pass('list', directory);
    const { entries } = this.#volume.directory(this.#volume.find(wanted, 'list'), 'list', wanted);
    return [...entries.keys()].sort();
  }

  async makeDirectory(directory: string): Promise<void> {
    const wanted = this.#pass('makeDirectory', directory);
    if (this.#limits.isReadOnly && this.#volume.exists(wanted)) return;
    this.#refuseIfReadOnly('makeDirectory', wanted);
    this.#volume.makeDirectory(wanted);
  }

  async rename(from: string, to: string): Promise<void> {
    const wanted = this.#pass('rename', from, { to: absolute(to) });
    this.#refuseIfReadOnly('rename', wanted);
    this.#volume.rename(wanted, absolute(to));
  }

  async remove(path: string): Promise<void> {
    const wanted = this.#pass('remove', path);
    this.#refuseIfReadOnly('remove', wanted);
    this.#volume.remove(wanted);
  }

  async syncDirectory(directory: string): Promise<void> {
    const wanted = this.#pass('syncDirectory', directory);
    const inode = this.#volume.find(wanted, 'syncDirectory');
    const { changeCount } = this.#volume.directory(inode, 'syncDirectory', wanted);
    if (this.#gate.isStalled) await this.#gate.stallEnd();
    this.#volume.settleNames(inode, changeCount, wanted);
  }

  async lock(directory: string): Promise<Lock> {
    const wanted = this.#pass('lock', directory);
    this.#refuseIfReadOnly('lock', wanted);
    const inode = this.#volume.find(wanted, 'lock');
    this.#volume.directory(inode, 'lock', wanted);
    if (this.#locked.has(inode)) throw new LockedError(wanted, 'another owner in this process');
    this.#locked.add(inode);
    let isReleased = false;
    return {
      release: async () => {
        if (isReleased) return;
        this.#pass('release', wanted);
        isReleased = true;
        this.#locked.delete(inode);
      },
    };
  }

  #pass(method: OperationMethod, path: string, subject?: OperationSubject): string {
    const wanted = absolute(path);
    const failure = this.#gate.pass(method, wanted, subject);
    if (failure !== undefined) throw new PosixError(failure.code, method, wanted);
    return wanted;
  }

  #refuseIfReadOnly(method: OperationMethod, path: string): void {
    if (this.#limits.isReadOnly) throw new PosixError('EROFS', method, path);
  }
}
