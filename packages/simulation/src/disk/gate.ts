import { type Failure, InjectedFailure } from './failure.js';
import type { Operation, OperationMethod, OperationSubject } from './operation.js';

/** Every operation of a disk passes here before it takes effect: it is numbered, reported, and perhaps made to fail. */
export class Gate {
  label = '';
  onOperation: ((operation: Operation) => void) | undefined;
  #count = 0;
  #isPowerCut = false;
  #failures: InjectedFailure[] = [];
  #stall: SyncStall | undefined;

  get operationCount(): number {
    return this.#count;
  }

  /** The failure that this operation is to meet, if any. */
  pass(method: OperationMethod, path: string, subject: OperationSubject = {}): Failure | undefined {
    this.throwIfPowerCut();
    const number = ++this.#count;
    if (this.onOperation === undefined && this.#failures.length === 0) return undefined;
    const operation = { number, method, path, ...subject, label: this.label };
    this.onOperation?.(operation);
    this.throwIfPowerCut();
    return this.#failures.find((injected) => injected.strikes(operation))?.failure;
  }

  inject(failure: Failure): InjectedFailure {
    const injected = new InjectedFailure(failure);
    this.#failures.push(injected);
    return injected;
  }

  stallSyncs(): SyncStall {
    this.#stall ??= new SyncStall(() => {
      this.#stall = undefined;
    });
    return this.#stall;
  }

  /** Whether a sync must wait before it takes effect. */
  get isStalled(): boolean {
    return this.#stall !== undefined;
  }

  async stallEnd(): Promise<void> {
    await this.#stall?.wait();
    this.throwIfPowerCut();
  }

  cutPower(): void {
    this.#isPowerCut = true;
    this.#stall?.end();
  }

  throwIfPowerCut(): void {
    if (this.#isPowerCut) throw new PowerCutError();
  }
}

/** A time in which no sync returns. */
export class SyncStall {
  readonly ended: Promise<void>;
  readonly #release: () => void;
  #waitingCount = 0;

  constructor(onEnd: () => void) {
    let resolve = (): void => {};
    this.ended = new Promise((done) => {
      resolve = done;
    });
    this.#release = () => {
      onEnd();
      resolve();
    };
  }

  /** How many syncs have been waiting in it. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Lets those that wait take effect, and all later ones pass. */
  end(): void {
    this.#release();
  }

  wait(): Promise<void> {
    this.#waitingCount++;
    return this.ended;
  }
}

/** The disk has no power: nothing that is asked of it happens, and what happened before is all there is. */
export class PowerCutError extends Error {
  readonly code = 'POWER_CUT';

  constructor() {
    super('the power of this disk was cut: look at what is left with `crashStates` or `crash`');
    this.name = 'PowerCutError';
  }
}
