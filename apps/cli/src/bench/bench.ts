import type { Commitlog } from '@commitlog/client';
import { Progress } from '../presentation/progress.js';
import { count } from '../presentation/quantity.js';
import type { World } from '../world.js';
import { consume, isAllThere } from './consume.js';
import type { Measured, Watch } from './measured.js';
import { Payload } from './payload.js';
import { produce } from './produce.js';

export type What = 'produce' | 'consume' | 'both';

export interface BenchSettings {
  readonly what: What;
  readonly records: number;
  readonly warmUp: number;
  /** Bytes of each value. */
  readonly size: number;
  readonly inFlight: number;
  readonly rate?: number;
  readonly verify: boolean;
}

export interface BenchResult {
  readonly produce?: Measured;
  readonly consume?: Measured;
  /** Whether what was appended is there, whole, once each and in order; absent where nobody asked. */
  readonly verified?: boolean;
}

/** @throws CommitlogError, CommandError `interrupted` */
export async function bench(
  log: Commitlog,
  settings: BenchSettings,
  signal: AbortSignal,
  world: World,
): Promise<BenchResult> {
  const run = new Run(log, settings, signal, world);
  try {
    return settings.what === 'consume' ? { consume: await run.consumeWhatIsThere() } : await run.produceFirst();
  } finally {
    run.end();
  }
}

class Run {
  readonly #log: Commitlog;
  readonly #settings: BenchSettings;
  readonly #signal: AbortSignal;
  readonly #world: World;
  readonly #progress: Progress;

  constructor(log: Commitlog, settings: BenchSettings, signal: AbortSignal, world: World) {
    this.#log = log;
    this.#settings = settings;
    this.#signal = signal;
    this.#world = world;
    this.#progress = new Progress(world.err, world.clock);
  }

  async consumeWhatIsThere(): Promise<Measured> {
    const { records, warmUp } = this.#settings;
    await this.#consume('warming up', { from: 'start', limit: warmUp });
    return this.#consume('consuming', { from: 'start', limit: records });
  }

  async produceFirst(): Promise<BenchResult> {
    const { what, records, warmUp, size, inFlight, rate, verify } = this.#settings;
    const signal = this.#signal;
    const payload = new Payload(size, this.#world.random);
    const paced = { payload, inFlight, signal, ...(rate !== undefined && { rate }) };
    const appending = (name: string, from: number, many: number) =>
      produce(this.#log, { ...paced, from, records: many }, this.#with(name, many));
    if (warmUp > 0) await appending('warming up', 0, warmUp);
    const { firstOffset, lastOffset, ...produced } = await appending('producing', warmUp, records);
    const range = { from: { offset: firstOffset }, limit: lastOffset - firstOffset + 1, signal };
    if (what === 'both' && warmUp > 0) await this.#consume('warming up', { ...range, limit: warmUp });
    const consumed = what === 'both' ? await this.#consume('consuming', range) : undefined;
    const { watch } = this.#with('verifying', records);
    const wanted = { payload, from: warmUp, records };
    return {
      produce: produced,
      ...(consumed && { consume: consumed }),
      ...(verify && { verified: await isAllThere(this.#log, wanted, range, watch) }),
    };
  }

  end(): void {
    this.#progress.end();
  }

  #consume(name: string, range: Pick<Parameters<typeof consume>[1], 'from' | 'limit'>): Promise<Measured> {
    return consume(this.#log, { ...range, signal: this.#signal }, this.#with(name, range.limit ?? 0));
  }

  #with(name: string, all: number): { clock: World['clock']; watch: Watch } {
    const { clock } = this.#world;
    const beganMs = clock.monotonicMs();
    const watch: Watch = (records) =>
      this.#progress.show(() => {
        const perSecond = (records * 1000) / Math.max(clock.monotonicMs() - beganMs, 1);
        return `${name}: ${count(records)} of ${count(all)}, ${count(perSecond)}/s`;
      });
    return { clock, watch };
  }
}
