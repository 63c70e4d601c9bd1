/**
 * A bounded memory of answers: keeps at least the `countMax` most recently used, and at most twice as many. Two generations, so
 * that neither asking nor forgetting ever walks a list.
 */
export class Recent<Value> {
  readonly #countMax: number;
  #young: Map<string, Value> = new Map();
  #old: Map<string, Value> = new Map();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#countMax) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
