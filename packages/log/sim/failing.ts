import { isDeepStrictEqual } from 'node:util';
import { LogError } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { type Random, randomBelow } from '@commitlog/runtime';
import {
  type DiskImage,
  faults,
  type Operation,
  type OperationMethod,
  PosixError,
  SimulatedDisk,
} from '@commitlog/simulation';
import { judge, judged, openOn } from './judge.js';
import { type LogState, tailOf, withBatches } from './model.js';
import { dir } from './workload.js';

/** What became of a disk that failed between a power cut and the end of the next start. */
export interface Failed {
  /** What failed, in words. */
  readonly what: string;
  /** What is wrong with what the log made of it; `undefined` when nothing is. */
  readonly reason: string | undefined;
}

/** Whether this operation of the disk is to fail. */
type Fails = (operation: Operation) => boolean;

const sectorBytes = 512;
const inARowMax = 5;
const reading: ReadonlySet<OperationMethod> = new Set(['read', 'list', 'size', 'open']);

/**
 * Starts the log on a disk of which something fails, once of each kind: a few reads in a row, a few operations of any kind in a row, and a
 * sector that cannot be read. The log is refused with a typed error, or goes on; then the disk is well again, and after a kill or a
 * further power cut everything must be there that was acknowledged, and that the log has shown.
 *
 * @param image what the power cut has left
 * @param allowed the states that this may show
 */
export async function judgeFailing(image: DiskImage, allowed: readonly LogState[], random: Random): Promise<Failed[]> {
  if (allowed.length === 0) return [];
  const operations = await operationsOfStart(image);
  const reads = operations.filter(({ method }) => reading.has(method));
  const failing = [
    someInARow('reads', reads, random),
    someInARow('operations', operations, random),
    oneSector(image, random),
  ];
  const failed: Failed[] = [];
  for (const { what, fails } of failing) {
    const reason = await judged(() => startFailing(image, fails, allowed, random));
    failed.push({ what, reason });
  }
  return failed;
}

async function operationsOfStart(image: DiskImage): Promise<Operation[]> {
  const operations: Operation[] = [];
  const disk = new SimulatedDisk({}, image);
  disk.onOperation = (operation) => operations.push(operation);
  await openOn(disk);
  return operations;
}

function someInARow(name: string, of: readonly Operation[], random: Random): { what: string; fails: Fails } {
  const first = randomBelow(random, of.length);
  const failing = new Set(of.slice(first, first + 1 + randomBelow(random, inARowMax)).map(({ number }) => number));
  const { method, path, position } = of[first]!;
  const what = `${failing.size} ${name} in a row fail, from ${method} ${path}${position === undefined ? '' : ` at ${position}`} on`;
  return { what, fails: ({ number }) => failing.has(number) };
}

function oneSector(image: DiskImage, random: Random): { what: string; fails: Fails } {
  const disk = new SimulatedDisk({}, image);
  const paths = disk.paths().filter((path) => path.startsWith(dir) && disk.bytesOf(path).length > 0);
  if (paths.length === 0) return { what: 'nothing fails', fails: () => false };
  const bad = paths[randomBelow(random, paths.length)]!;
  const at = randomBelow(random, Math.ceil(disk.bytesOf(bad).length / sectorBytes)) * sectorBytes;
  const what = `${bad} cannot be read from ${at} to ${at + sectorBytes}`;
  const fails: Fails = ({ method, path, position = 0, bytes = 0 }) =>
    method === 'read' && path === bad && position < at + sectorBytes && position + bytes > at;
  return { what, fails };
}

async function startFailing(
  image: DiskImage,
  fails: Fails,
  allowed: readonly LogState[],
  random: Random,
): Promise<string | undefined> {
  const disk = new SimulatedDisk({}, image);
  disk.onOperation = (operation) => {
    if (fails(operation)) throw new PosixError('EIO', operation.method, operation.path);
  };
  const log = await openOn(disk).catch(refusal);
  disk.onOperation = undefined;
  let states = allowed;
  if (log !== undefined) {
    const shown = allowed.filter((state) => isDeepStrictEqual(tailOf(state), log.tail));
    if (shown.length === 0) return `opened with the tail ${JSON.stringify(log.tail)}, which nothing explains`;
    const batch = encodeBatch([{ value: Buffer.from('the disk is well again') }]);
    const appended = await log.append(batch).catch(refusal);
    const longer = shown.map((state) => withBatches(state, batch));
    states = appended === undefined ? [...shown, ...longer] : longer;
  }
  const fault = faults[randomBelow(random, faults.length)]!;
  const left = randomBelow(random, 2) === 0 ? disk.clone() : disk.crash(fault, random);
  return await judge(left, states);
}

/** What a failing disk may come to: a typed error, and nothing else. */
function refusal(error: unknown): undefined {
  if (!(error instanceof LogError)) throw error;
}
