/**
 * What Raft costs: three members in this process, storage in memory, the core and the driver, and whether memory stays flat.
 * Disks and networks are measured where they are.
 *
 *     pnpm --filter @commitlog/raft bench [--entries N] [--json]
 *
 * With --json the last line of standard output is `{ "proposals", "seconds", "proposalsPerSecond", "appliedOnThree", "heapMbFirst",
 * "heapMbLast", "coreNsPerEntryInBatchesOf256", "coreNsPerEntryAlone", "coreNsPerMessage" }`.
 */
import { parseArgs } from 'node:util';
import { nodeClock as clock, nodeRandom as random } from '@commitlog/runtime/node';
import { integerFlag } from '../../../scripts/flags.mjs';
import {
  defaultSettings,
  type Effect,
  type Entry,
  emptyState,
  MemoryNetwork,
  MemoryStorage,
  type Message,
  memberId,
  RaftCore,
  RaftHost,
} from '../src/index.js';

const inFlight = 256;
const payload = new Uint8Array(256);
const usage = 'usage: bench [--entries N] [--json]';
const flags = readFlags();

async function proposals(count: number): Promise<Record<string, number>> {
  const network = new MemoryNetwork({ clock });
  const names = ['a', 'b', 'c'];
  const voters = names.map((node) => memberId(node, 'disk'));
  const hosts = names.map((node) => new RaftHost({}, { clock, transport: network.transport(node) }));
  let applied = 0;
  const groups = await Promise.all(
    hosts.map((host, at) => {
      host.start();
      const machine = {
        apply: (entries: readonly Entry[]): void => {
          applied += entries.length;
        },
        snapshot: (): Uint8Array => new Uint8Array(64),
        restore: (): void => {},
      };
      const storage = new MemoryStorage({ voters, learners: [] });
      const init = { self: voters[at]!, electionTimeoutMs: 500, snapshotEvery: 100_000, trailing: 10_000 };
      return host.open('bench', init, { storage, machine, random });
    }),
  );
  while (!groups.some((group) => group.isLeader)) await new Promise((resolve) => setTimeout(resolve, 10));
  const leader = groups.find((group) => group.isLeader)!;
  const run = async (total: number): Promise<number> => {
    let left = total;
    const startedMs = performance.now();
    const client = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const outcome = await leader.propose(payload);
        if (outcome.kind !== 'committed') throw new Error(`a proposal was ${JSON.stringify(outcome)}`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, client));
    return (performance.now() - startedMs) / 1000;
  };
  await run(Math.min(count, 300_000));
  const heapMb: number[] = [];
  let seconds = 0;
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    seconds += await run(count / rounds);
    globalThis.gc?.();
    heapMb.push(process.memoryUsage().heapUsed / 2 ** 20);
  }
  await Promise.all(hosts.map((host) => host.stop()));
  return {
    proposals: count,
    seconds,
    proposalsPerSecond: Math.round(count / seconds),
    appliedOnThree: applied,
    heapMbFirst: Math.round(heapMb[0]!),
    heapMbLast: Math.round(heapMb.at(-1)!),
  };
}

/** The core alone: one leader and one follower, messages handed over by a loop. */
function coreCosts(): Record<string, number> {
  const names = ['a', 'b', 'c'].map((node) => memberId(node, 'disk'));
  const configuration = { voters: names, outgoing: [], learners: [] };
  const snapshot = { id: 's', index: 0, term: 0, configuration, configurationIndex: 0 };
  let nowMs = 0;
  const cores = names.map(
    (self) => new RaftCore({ ...defaultSettings, self }, { ...emptyState, snapshot }, { random }),
  );
  let messages = 0;
  const carryOut = (at: number, effects: readonly Effect[], inbox: Message[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'send') inbox.push(effect.message);
      else if (effect.kind === 'persist') {
        inbox.push(...effect.thenSend);
        carryOut(at, cores[at]!.step({ kind: 'persisted', write: effect.write }, nowMs), inbox);
      }
    }
  };
  const settle = (inbox: Message[]): void => {
    for (let next = inbox.shift(); next !== undefined; next = inbox.shift()) {
      messages += 1;
      const to = names.indexOf(next.to);
      carryOut(to, cores[to]!.step({ kind: 'message', message: next }, nowMs), inbox);
    }
  };
  while (!cores[0]!.isLeader) {
    nowMs += 50;
    const inbox: Message[] = [];
    carryOut(0, cores[0]!.step({ kind: 'tick' }, nowMs), inbox);
    settle(inbox);
  }
  const timed = (batch: number, rounds: number): { nsPerEntry: number; nsPerMessage: number } => {
    const data = Array.from({ length: batch }, () => payload);
    messages = 0;
    const startedMs = performance.now();
    for (let round = 0; round < rounds; round++) {
      const inbox: Message[] = [];
      carryOut(0, cores[0]!.step({ kind: 'propose', data }, nowMs), inbox);
      settle(inbox);
    }
    const ns = (performance.now() - startedMs) * 1e6;
    return { nsPerEntry: Math.round(ns / (batch * rounds)), nsPerMessage: Math.round(ns / messages) };
  };
  timed(256, 500);
  timed(1, 20_000);
  const batched = timed(256, 4000);
  const single = timed(1, 100_000);
  return {
    coreNsPerEntryInBatchesOf256: batched.nsPerEntry,
    coreNsPerEntryAlone: single.nsPerEntry,
    coreNsPerMessage: single.nsPerMessage,
  };
}

// The clock's timers do not keep a process alive; this one does.
const alive = setInterval(() => {}, 1000);
const report = { ...(await proposals(flags.entries)), ...coreCosts() };
console.log(flags.isJson ? JSON.stringify(report) : report);
clearInterval(alive);

function readFlags() {
  try {
    const { values } = parseArgs({
      options: { entries: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    return {
      entries: integerFlag('--entries', values.entries, 10, 1_000_000_000) ?? 3_000_000,
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
