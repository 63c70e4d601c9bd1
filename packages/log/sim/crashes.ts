import { basename } from 'node:path';
import { openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import {
  type DiskImage,
  type Fault,
  type Operation,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
} from '@commitlog/simulation';
import { identify } from '../src/layout.js';
import { type Decayed, judgeDecay } from './decay.js';
import { type Failed, judgeFailing } from './failing.js';
import { judge, matching, openOn } from './judge.js';
import { type LogState, withBatches } from './model.js';
import { dir, segmentBytes, Workload } from './workload.js';

/** A moment at which the power is cut: before one operation of the disk takes effect. */
interface CrashPoint {
  readonly operation: string;
  readonly number: number;
  readonly image: DiskImage;
  readonly allowed: readonly LogState[];
}

export interface CrashFailure {
  readonly operation: string;
  readonly number: number;
  readonly fault: Fault;
  readonly variant: string;
  readonly reason: string;
}

export interface CrashReport {
  /** How often each pair of operation and fault was met: `operation` → fault → states. */
  readonly pairs: Map<string, Map<Fault, number>>;
  states: number;
  readonly failures: CrashFailure[];
}

export interface CrashSettings {
  readonly seed: number;
  /** Of each fault at each operation, at most so many variants. */
  readonly variantsMax: number;
  /** Work on every `of`-th crash point, beginning with the `shard`-th. */
  readonly shard: number;
  readonly of: number;
  readonly progress: (done: number, all: number) => void;
}

/** After one power cut in so many, what was on the disk decays before the next start. */
const decayEvery = 40;
/** After one power cut in so many, the disk fails during the next start. */
const failEvery = 20;

/** Runs the workload once, and recovers from a power cut before every operation, in every way that the operation's unsynced changes allow. */
export async function crashEverywhere({ seed, variantsMax, shard, of, progress }: CrashSettings): Promise<CrashReport> {
  const report: CrashReport = { pairs: new Map(), states: 0, failures: [] };
  const points = await crashPoints(seed);
  for (const [at, point] of points.entries()) {
    if (at % of !== shard) continue;
    progress(at, points.length);
    await crashAfterKill(report, point, new SeededRandom(seed).fork(`kill ${point.number}`));
    const random = new SeededRandom(seed).fork(`crash ${point.number}`);
    const rot = new SeededRandom(seed).fork(`decay ${point.number}`);
    const failures = new SeededRandom(seed).fork(`failing ${point.number}`);
    const disk = new SimulatedDisk({}, point.image);
    let variant = 0;
    for (const { fault, description, disk: crashed } of disk.crashStates({ random, variantsMax })) {
      count(report, point.operation, fault);
      const image = crashed.image();
      const reason = await judge(crashed, point.allowed);
      if (reason !== undefined) {
        report.failures.push({ operation: point.operation, number: point.number, fault, variant: description, reason });
      }
      variant += 1;
      const hurt: (Decayed | Failed)[] = [];
      if (variant % decayEvery === point.number % decayEvery)
        hurt.push(...(await judgeDecay(image, point.allowed, rot)));
      if (variant % failEvery === point.number % failEvery) {
        hurt.push(...(await judgeFailing(image, point.allowed, failures)));
      }
      for (const { what, reason: wrong } of hurt) {
        count(report, point.operation, fault);
        if (wrong === undefined) continue;
        const { operation, number } = point;
        report.failures.push({ operation, number, fault, variant: `${description}, then ${what}`, reason: wrong });
      }
      // A power cut while the log recovers from a power cut, for one in so many.
      if (report.states % 23 === 0) await crashRecovery(report, point, image, random);
    }
  }
  return report;
}

async function crashPoints(seed: number): Promise<CrashPoint[]> {
  const points: CrashPoint[] = [];
  const workload = new Workload(seed, (disk) => {
    disk.onOperation = (operation) => {
      const { allowed } = workload;
      if (changesDisk(operation))
        points.push({ operation: nameOf(operation), number: points.length, image: disk.image(), allowed });
    };
  });
  await workload.run();
  return points;
}

/** Kills the process, which loses nothing that was written, lets another one go on, and cuts the power only then. */
async function crashAfterKill(report: CrashReport, point: CrashPoint, random: SeededRandom): Promise<void> {
  const operation = 'append after a kill';
  const fail = (fault: Fault, variant: string, reason: string): void => {
    report.failures.push({
      operation: `${operation} at "${point.operation}"`,
      number: point.number,
      fault,
      variant,
      reason,
    });
  };
  const disk = new SimulatedDisk({}, point.image);
  // Before the first log was there, there is nothing to go on with.
  if (point.allowed.length === 0) return;
  const log = await openOn(disk);
  const state = await matching(log, point.allowed);
  if (typeof state === 'string') return fail('kept', 'killed', state);
  const batch = encodeBatch([{ value: Buffer.from('another process') }]);
  await log.append(batch);
  const acknowledged = [withBatches(state, batch)];
  for (const { fault, description, disk: crashed } of disk.crashStates({ random, variantsMax: 3 })) {
    count(report, operation, fault);
    const reason = await judge(crashed, acknowledged);
    if (reason !== undefined) fail(fault, description, reason);
  }
}

async function crashRecovery(
  report: CrashReport,
  point: CrashPoint,
  image: DiskImage,
  random: SeededRandom,
): Promise<void> {
  const disk = new SimulatedDisk({}, image);
  const images: { operation: string; image: DiskImage }[] = [];
  disk.label = 'recovery';
  disk.onOperation = (operation) => {
    if (changesDisk(operation)) images.push({ operation: nameOf(operation), image: disk.image() });
  };
  const log = await openLog({ dir, segmentBytes }, { files: disk.files, clock: new SimulatedClock() }).catch(
    () => undefined,
  );
  disk.onOperation = undefined;
  await log?.close();
  for (const { operation, image: during } of images) {
    for (const { fault, description, disk: crashed } of new SimulatedDisk({}, during).crashStates({
      random,
      variantsMax: 4,
    })) {
      count(report, operation, fault);
      const reason = await judge(crashed, point.allowed);
      const variant = `${description}, in the recovery after ${point.operation}`;
      if (reason !== undefined) report.failures.push({ operation, number: point.number, fault, variant, reason });
    }
  }
}

function count(report: CrashReport, operation: string, fault: Fault): void {
  const { pairs } = report;
  report.states += 1;
  const byFault = pairs.get(operation) ?? new Map<Fault, number>();
  pairs.set(operation, byFault.set(fault, (byFault.get(fault) ?? 0) + 1));
}

const changing = new Set(['open', 'rename', 'remove', 'write', 'resize', 'sync', 'syncDirectory', 'makeDirectory']);

/** Between two operations that only look, a power cut leaves the same. */
function changesDisk({ method }: Operation): boolean {
  return changing.has(method);
}

function nameOf({ label, method, path }: Operation): string {
  const name = basename(path);
  const kind = identify(name)?.kind ?? 'directory';
  return `${label}: ${method} ${kind === 'draft' ? `${identify(name.slice(0, -'.new'.length))?.kind} draft` : kind}`;
}
