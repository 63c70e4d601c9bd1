/**
 * The main of every simulation: `pnpm sim NAME` runs a swarm of seeds, one seed again, or the hunt for the bugs planted in what it tests.
 *
 * @packageDocumentation
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { bundleWorker, type Hunt, hunt, type Mutant, tellHunt } from './mutants/index.js';
import { seedsFrom } from './seeds.js';
import {
  type Flags,
  type FlagsComponents,
  isGood,
  readFlags,
  runSwarm,
  type SeedJob,
  type SeedReport,
  type SeedResult,
  type Summary,
  tellProgress,
  tellSeed,
} from './swarm/index.js';

/** What a simulation is, to its main. */
export interface Simulation<Result extends SeedResult, Beside extends object = never, Bug extends Mutant = Mutant> {
  /** As in `pnpm sim NAME`. */
  readonly name: string;
  readonly usage: string;
  /** Whether a run can be written down. */
  readonly isTraced: boolean;
  /** The page that shows a run's trace, where it can be shown. */
  readonly timelineOf?: (run: { readonly title: string; readonly trace: string }) => string;
  readonly mutants: readonly Bug[];
  /** A planted bug that survives so many seeds is a hole in the proof. */
  readonly seedsForMutants: number;
  /** The main of a worker thread, and the folder, with a slash at its end, that the patches of bugs are of. */
  readonly workerOf: (mutant: Bug | undefined) => { readonly entry: URL; readonly sources: URL };
  readonly newSummary: () => Summary<Result, Beside>;
  /** How much there is to a run, in words: `212 commits`. */
  readonly about: (result: Result) => string;
  /** What else the workers of a swarm are asked, before the seeds; they answer with a `Beside`. */
  readonly besides?: (seeds: readonly string[]) => readonly object[];
  /** What may be asked for in place of a swarm, beside `mutants`; each says whether all is well. */
  readonly modes?: Readonly<Record<string, (flags: Flags) => boolean>>;
}

export interface SimulationComponents extends FlagsComponents {
  /** What a swarm's seeds are drawn from. */
  readonly commitSeed: () => number;
}

/**
 * Does what the command line asks for. With `--json` the last line of standard output is the report; the process exits with 1 when
 * something did not hold, with 2 on a wrong flag.
 */
export async function runSimulation<Result extends SeedResult, Beside extends object, Bug extends Mutant>(
  simulation: Simulation<Result, Beside, Bug>,
  components: SimulationComponents,
): Promise<void> {
  const flags = flagsOf(simulation, components);
  const main = new Main(simulation, { flags, commitSeed: components.commitSeed });
  process.exitCode = (await main.run()) ? 0 : 1;
}

/** A simulated world is made of short-lived objects: where they have room, fewer are copied before they die. */
const youngGenerationMb = 192;

class Main<Result extends SeedResult, Beside extends object, Bug extends Mutant> {
  readonly #simulation: Simulation<Result, Beside, Bug>;
  readonly #flags: Flags;
  readonly #commitSeed: () => number;
  readonly #cores: number;
  readonly #mutant: Bug | undefined;
  readonly #folder: string;
  #bundles = 0;

  constructor(
    simulation: Simulation<Result, Beside, Bug>,
    { flags, commitSeed }: { readonly flags: Flags; readonly commitSeed: () => number },
  ) {
    this.#simulation = simulation;
    this.#flags = flags;
    this.#commitSeed = commitSeed;
    this.#cores = flags.cores ?? availableParallelism();
    this.#mutant = simulation.mutants.find(({ name }) => name === flags.mutant);
    const folder = mkdtempSync(join(tmpdir(), `${simulation.name}-sim-`));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    this.#folder = folder;
  }

  async run(): Promise<boolean> {
    const { mode, seed } = this.#flags;
    if (mode === 'mutants') return this.#huntAll();
    if (mode !== undefined) return this.#simulation.modes![mode]!(this.#flags);
    return seed === undefined ? this.#swarm() : this.#replay(seed);
  }

  async #huntAll(): Promise<boolean> {
    const { mutants, seedsForMutants } = this.#simulation;
    const { only = '', isJson } = this.#flags;
    const results: Hunt[] = [];
    for (const mutant of mutants.filter(({ name }) => name.includes(only))) {
      const startWorker = await this.#workersOf(mutant);
      const result = await hunt({ mutant, seedsMax: seedsForMutants }, (seeds, onSeed) =>
        runSwarm<SeedJob, SeedReport<Result>>(
          { jobs: jobsOf(seeds), cores: this.#cores },
          { startWorker, onReport: (report) => onSeed(report.result) },
        ),
      );
      results.push(result);
      if (!isJson) console.log(tellHunt(result, mutant));
      else if (!result.caught) console.error(tellHunt(result, mutant));
    }
    const caught = results.filter((each) => each.caught).length;
    console.log(isJson ? JSON.stringify({ mutants: results }) : `${caught} of ${results.length} planted bugs caught`);
    return caught === results.length;
  }

  /** One seed, with its trace; of the sources as they are, or with a planted bug. */
  async #replay(seed: string): Promise<boolean> {
    const reports: SeedReport<Result>[] = [];
    await runSwarm<SeedJob, SeedReport<Result>>(
      { jobs: [{ seed, isTraced: true }], cores: 1 },
      { startWorker: await this.#workersOf(this.#mutant), onReport: (report) => reports.push(report) > 0 },
    );
    const [{ result, trace }] = reports as [SeedReport<Result>];
    const { trace: path, timeline, isJson } = this.#flags;
    if (path !== undefined) written(path, trace!);
    if (timeline !== undefined) {
      const title = `${this.#simulation.name}, seed ${seed}${this.#mutant === undefined ? '' : `, ${this.#mutant.name}`}`;
      written(timeline, this.#simulation.timelineOf!({ title, trace: trace! }));
    }
    if (isJson) console.log(JSON.stringify(result));
    else {
      const seconds = (result.simulatedMs / 1000).toFixed(1);
      console.log(`seed ${seed}: ${this.#simulation.about(result)} in ${seconds} simulated seconds`);
      if (result.traceHash) console.log(`trace ${result.traceHash}${path === undefined ? '' : `, written to ${path}`}`);
      if (timeline !== undefined) console.log(`timeline written to ${timeline}: open it in a browser`);
      console.log(isGood(result) ? 'every invariant held' : this.#tell(result));
    }
    return isGood(result);
  }

  async #swarm(): Promise<boolean> {
    const { newSummary, besides } = this.#simulation;
    const seeds = seedsFrom(this.#commitSeed(), this.#flags.seeds);
    const jobs = [...(besides?.(seeds) ?? []), ...jobsOf(seeds)];
    const startWorker = await this.#workersOf(this.#mutant);
    const summary = newSummary();
    const startedMs = performance.now();
    let done = 0;
    const onReport = (report: SeedReport<Result> | Beside): boolean => {
      done += 1;
      if ('result' in report) {
        summary.add(report.result);
        if (!isGood(report.result)) console.error(this.#tell(report.result));
      } else summary.addBeside(report);
      if (process.stderr.isTTY) process.stderr.write(tellProgress(done, jobs.length, summary.violations));
      return true;
    };
    await runSwarm<object, SeedReport<Result> | Beside>({ jobs, cores: this.#cores }, { startWorker, onReport });
    const report = summary.report({ wallSeconds: (performance.now() - startedMs) / 1000, cores: this.#cores });
    console.log(this.#flags.isJson ? JSON.stringify(report) : report);
    for (const complaint of summary.complaints) console.error(complaint);
    return summary.isGood;
  }

  #tell(result: Result): string {
    const { name, isTraced, timelineOf, about } = this.#simulation;
    const mutant = this.#mutant === undefined ? '' : ` --mutant ${this.#mutant.name}`;
    const trace = isTraced ? ' --trace trace.ndjson' : '';
    const timeline = timelineOf === undefined ? '' : ' --timeline timeline.html';
    return tellSeed(result, about(result), `pnpm sim ${name} --seed ${result.seed}${mutant}${trace}${timeline}`);
  }

  /** Builds the worker, with the bug planted, and starts any number of it. */
  async #workersOf(mutant: Bug | undefined): Promise<() => Worker> {
    this.#bundles += 1;
    const outfile = join(this.#folder, `worker-${this.#bundles}.mjs`);
    const { entry, sources } = this.#simulation.workerOf(mutant);
    await bundleWorker(
      { entry: fileURLToPath(entry), outfile, sources: fileURLToPath(sources), patches: mutant?.patches ?? [] },
      { read: (path) => readFileSync(path, 'utf8') },
    );
    return () => new Worker(outfile, { resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb } });
  }
}

/** Writes what was asked for; where that cannot be, the command ends with 2. */
function written(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    console.error(`${path} cannot be written: ${(error as Error).message}`);
    process.exit(2);
  }
}

function jobsOf(seeds: readonly string[]): SeedJob[] {
  return seeds.map((seed) => ({ seed, isTraced: false }));
}

function flagsOf<Result extends SeedResult, Beside extends object, Bug extends Mutant>(
  { usage, mutants, modes = {}, isTraced, timelineOf }: Simulation<Result, Beside, Bug>,
  components: FlagsComponents,
): Flags {
  const init = {
    modes: [...Object.keys(modes), ...(mutants.length > 0 ? ['mutants'] : [])],
    mutants: mutants.map(({ name }) => name),
    isTraced,
    isDrawn: timelineOf !== undefined,
  };
  try {
    const flags = readFlags(process.argv.slice(2), init, components);
    if (!flags.isHelp) return flags;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
