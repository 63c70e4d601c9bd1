import { expect, test } from 'vitest';
import type { ReplicatedLog, ScrubSettings } from '../src/index.js';
import { batchOf, Logs, valuesIn } from './logs.js';

/** About eight batches fill a segment. */
const batchBytes = 1000;
const batchCount = 60;
const quick: ScrubSettings = { bytesPerSecond: 2 ** 20, everyMs: 1000 };

async function withBatches(seed: string, scrub: ScrubSettings): Promise<Logs> {
  const logs = await new Logs(seed, { scrub }).startAll();
  for (let at = 0; at < batchCount; at += 1) {
    await logs.settled((await logs.leading()).append(batchOf([`${at}`.padEnd(batchBytes, '.')])));
  }
  await logs.settle();
  return logs;
}

/** The paths of a member's sealed segments, oldest first. */
function sealedOf(logs: Logs, at: number): string[] {
  return logs.disks[at]!.paths()
    .filter((path) => path.endsWith('.log'))
    .slice(0, -1);
}

function damage(logs: Logs, at: number, path: string): void {
  // In the value of the segment's third batch, or near it.
  logs.disks[at]!.flipBit(path, 2.5 * (batchBytes + 80) * 8);
}

/** What a member has on its disk of the sealed segments, whatever the files are called. */
function bytesOf(logs: Logs, at: number): Buffer[] {
  return sealedOf(logs, at).map((path) => Buffer.from(logs.disks[at]!.bytesOf(path)).subarray(64));
}

async function follower(logs: Logs): Promise<number> {
  return ((await logs.leader()) + 1) % 3;
}

const rounds = (log: ReplicatedLog | null | undefined): number => log!.scrubbed.rounds;

test.each(['oldest', 'newest'] as const)(
  'given damage in the %s sealed segment of a member, when nobody reads it, then it is found and mended all the same',
  async (which) => {
    const logs = await withBatches(`${which} damaged`, quick);
    const at = await follower(logs);
    const whole = bytesOf(logs, at);
    expect(whole.length).toBeGreaterThan(3);
    damage(logs, at, sealedOf(logs, at).at(which === 'oldest' ? 0 : -1)!);
    expect(bytesOf(logs, at)).not.toEqual(whole);
    await logs.until('the damage is found', () => logs.logs[at]!.scrubbed.damagedBatches > 0);
    const found = rounds(logs.logs[at]);
    await logs.until('another round is through', () => rounds(logs.logs[at]) > found + 1);
    expect(bytesOf(logs, at)).toEqual(whole);
    expect(logs.logs[at]!.scrubbed.damagedBatches).toBe(1);
    expect(logs.failures).toEqual([]);
    await logs.stop();
  },
);

test('given damage in several segments of a member, then one round finds all of it', async () => {
  const logs = await withBatches('several', quick);
  const at = await follower(logs);
  const whole = bytesOf(logs, at);
  for (const path of sealedOf(logs, at).slice(0, 3)) damage(logs, at, path);
  await logs.until('all is found', () => logs.logs[at]!.scrubbed.damagedBatches === 3);
  await logs.until('all is mended', () => logs.logs[at]!.member.status.unreadable === 0);
  expect(bytesOf(logs, at)).toEqual(whole);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a segment that is gone, with more batches than are named to others at once, then all of them come back', async () => {
  const logs = await new Logs('gone', { scrub: quick, segmentBytes: 200_000 }).startAll();
  const leader = await logs.leading();
  const appended = Array.from({ length: 3000 }, (_, at) => leader.append(batchOf([`${at}`])));
  await logs.settled(Promise.all(appended));
  await logs.settle();
  const at = await follower(logs);
  const whole = bytesOf(logs, at);
  const file = await logs.disks[at]!.files.open(sealedOf(logs, at)[0]!, 'write');
  await file.resize(64);
  await file.close();
  await logs.until('the damage is found', () => logs.logs[at]!.scrubbed.damagedBatches > 0);
  expect(logs.logs[at]!.scrubbed.damagedBatches).toBeGreaterThan(2048);
  const found = rounds(logs.logs[at]);
  await logs.until('the round is through', () => rounds(logs.logs[at]) > found);
  await logs.until('all is mended', () => logs.logs[at]!.member.status.unreadable === 0);
  expect(bytesOf(logs, at)).toEqual(whole);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a leader whose own log is damaged, then it hands over, is mended, and no record is lost', async () => {
  const logs = await withBatches('leader', quick);
  const at = await logs.leader();
  const whole = bytesOf(logs, at);
  damage(logs, at, sealedOf(logs, at)[0]!);
  await logs.until('another leads', () => !logs.logs[at]!.member.isLeader);
  await logs.until('all is mended', () => logs.logs[at]!.member.status.unreadable === 0);
  expect(bytesOf(logs, at)).toEqual(whole);
  for (const log of logs.logs) expect((await logs.settled(valuesIn(log!))).length).toBe(batchCount);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a rate, then no more than that is read in any time, and a round takes as long as that says', async () => {
  const bytesPerSecond = 10_000;
  const logs = await withBatches('rate', { bytesPerSecond, everyMs: 3_600_000 });
  const log = logs.logs[0]!;
  expect(log.scrubbed).toEqual({ bytes: 0, rounds: 0, damagedBatches: 0 });
  const sealed = sealedOf(logs, 0).reduce((sum, path) => sum + logs.disks[0]!.bytesOf(path).length - 64, 0);
  await logs.pass(40_000);
  await logs.until('it has begun', () => log.scrubbed.bytes > 0);
  const [firstBytes, beganMs] = [log.scrubbed.bytes, logs.clock.monotonicMs()];
  while (rounds(log) === 0) {
    const elapsedMs = logs.clock.monotonicMs() - beganMs;
    expect(log.scrubbed.bytes - firstBytes).toBeLessThanOrEqual((elapsedMs * bytesPerSecond) / 1000);
    await logs.pass(50);
  }
  expect(log.scrubbed.bytes).toBe(sealed);
  const tookMs = logs.clock.monotonicMs() - beganMs;
  expect(tookMs).toBeGreaterThanOrEqual((sealed * 1000) / bytesPerSecond);
  expect(tookMs).toBeLessThan((sealed * 1100) / bytesPerSecond);
  // Until the next is due, nothing more is read.
  await logs.pass(60_000);
  expect(log.scrubbed).toEqual({ bytes: sealed, rounds: 1, damagedBatches: 0 });
  await logs.stop();
});

test('given a member that is closed while it is searched, then it closes at once, and nothing is read any more', async () => {
  const logs = await withBatches('closed', { bytesPerSecond: 1000, everyMs: 1000 });
  const log = logs.logs[0]!;
  await logs.until('it has begun', () => log.scrubbed.bytes > 0);
  const closedMs = logs.clock.monotonicMs();
  await logs.settled(log.close());
  expect(logs.clock.monotonicMs() - closedMs).toBeLessThan(1000);
  const { scrubbed } = log;
  await logs.pass(60_000);
  expect(log.scrubbed).toEqual(scrubbed);
  expect(logs.failures).toEqual([]);
  logs.logs[0] = null;
  await logs.stop();
});

test('given a log that is trimmed while it is searched, then that is no error, and the rest is searched', async () => {
  const logs = await withBatches('trimmed', { bytesPerSecond: 10_000, everyMs: 1000 });
  await logs.until('it has begun', () => logs.logs.every((log) => log!.scrubbed.bytes > 0));
  await logs.settled((await logs.leading()).trim(40));
  await logs.until('all have gone round', () => logs.logs.every((log) => rounds(log) > 0));
  const sealed = bytesOf(logs, 0).reduce((sum, { length }) => sum + length, 0);
  const [bytes, before] = [logs.logs[0]!.scrubbed.bytes, rounds(logs.logs[0])];
  await logs.until('another round is through', () => rounds(logs.logs[0]) === before + 1);
  // From the logical start, which may be inside a segment.
  expect(logs.logs[0]!.scrubbed.bytes - bytes).toBeLessThanOrEqual(sealed);
  expect(logs.logs[0]!.scrubbed.damagedBatches).toBe(0);
  expect(logs.failures).toEqual([]);
  await logs.stop();
});

test('given a segment that cannot be opened just now, then that is told, and the others are searched', async () => {
  const logs = await withBatches('not now', quick);
  const at = await follower(logs);
  const [first, , third] = sealedOf(logs, at);
  const failure = logs.disks[at]!.inject({ method: ['open', 'read'], path: first!, code: 'EMFILE' });
  damage(logs, at, third!);
  await logs.until('the damage is found', () => logs.logs[at]!.scrubbed.damagedBatches > 0);
  expect(failure.failedCount).toBe(1);
  expect(logs.failures).toMatchObject([{ group: 'log', kind: 'scrub-failed', error: { code: 'too-many-files' } }]);
  await logs.until('all is mended', () => logs.logs[at]!.member.status.unreadable === 0);
  await logs.stop();
});

test('given none is wanted, or none is spoken of, then nothing is read', async () => {
  for (const scrub of [{ bytesPerSecond: 0 }, undefined]) {
    const logs = await new Logs('off', scrub && { scrub }).startAll();
    for (let at = 0; at < 20; at += 1)
      await logs.settled((await logs.leading()).append(batchOf([`${at}`.padEnd(batchBytes)])));
    await logs.pass(120_000);
    expect(logs.logs.map((log) => log!.scrubbed.bytes + rounds(log))).toEqual([0, 0, 0]);
    await logs.stop();
  }
});

test.each([{ bytesPerSecond: -1 }, { bytesPerSecond: Number.NaN }, { bytesPerSecond: 1, everyMs: 0 }])(
  'given %j, then it is refused, and the directory is free again',
  async (scrub) => {
    const logs = new Logs('refused', { scrub });
    await expect(logs.start(0)).rejects.toMatchObject({ code: 'invalid' });
    const sound = new Logs('sound');
    sound.disks[0] = logs.disks[0]!;
    await sound.startAll();
    await sound.stop();
  },
);
