import { type Fault, faults } from '@commitlog/simulation';
import { expect, test } from 'vitest';
import { type OpenedProducer, type ReplicatedLog, ReplicatedLogError } from '../src/index.js';
import { batchOf, Logs, valuesIn } from './logs.js';

/** Sends numbered batches, a few at a time, each as often as it takes, to whoever seems to lead. */
class Client {
  /** Where each was said to be. */
  readonly acknowledged = new Map<number, number>();
  readonly #logs: Logs;
  readonly #name: string;
  readonly #producer: OpenedProducer;
  retries = 0;

  constructor(logs: Logs, name: string, producer: OpenedProducer) {
    this.#logs = logs;
    this.#name = name;
    this.#producer = producer;
  }

  async send(first: number, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, at) => this.#sendOne(first + at)));
  }

  async #sendOne(number: number): Promise<void> {
    for (;;) {
      try {
        const { offset } = await this.#tryOnce(number);
        this.acknowledged.set(number, offset);
        return;
      } catch (error) {
        if (!(error instanceof ReplicatedLogError)) throw error;
        const isTransient = ['not-leader', 'unknown', 'not-applied', 'closed', 'sequence-gap', 'overloaded'];
        // A gap: those before it were not taken either, and are being sent again.
        if (!isTransient.includes(error.code)) throw error;
        this.retries += 1;
        await this.#wait(20);
      }
    }
  }

  async #tryOnce(number: number): Promise<{ offset: number }> {
    const { logs } = this.#logs;
    const given = new AbortController();
    const timer = this.#logs.clock.after(400, () => given.abort(new ReplicatedLogError('unknown', 'out of time')));
    try {
      const leaders = logs.filter((log): log is ReplicatedLog => log?.member.isLeader === true);
      // Of two who think that they lead, either.
      const log = leaders[number % Math.max(1, leaders.length)];
      if (log === undefined) throw new ReplicatedLogError('not-leader', 'nobody leads');
      const batch = batchOf([`${this.#name} ${number}`], this.#producer, number);
      return await log.append(batch, { signal: given.signal });
    } finally {
      timer.cancel();
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#logs.clock.after(ms, resolve));
  }
}

/** Follows one member, and goes on where it was when that member comes back. */
class Watcher {
  readonly values: string[] = [];
  readonly #logs: Logs;
  readonly #at: number;

  constructor(logs: Logs, at: number) {
    this.#logs = logs;
    this.#at = at;
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await new Promise<void>((resolve) => void this.#logs.clock.after(20, resolve));
      const log = this.#logs.logs[this.#at];
      if (log !== null && log !== undefined) await this.#followWhileItLives(log, signal);
    }
  }

  async #followWhileItLives(log: ReplicatedLog, signal: AbortSignal): Promise<void> {
    const life = new AbortController();
    const look = (): void => {
      if (signal.aborted || this.#logs.logs[this.#at] !== log) life.abort();
      else this.#logs.clock.after(20, look);
    };
    look();
    try {
      const options = { from: { offset: this.values.length }, follow: true, signal: life.signal };
      for await (const { offset, value } of log.records(options)) this.values.push(`${offset} ${value}`);
    } catch (error) {
      // It does not know that far, and reaches nobody who does.
      const isUnsure = error instanceof ReplicatedLogError && error.code === 'unconfirmed';
      if (!life.signal.aborted && !isUnsure) throw error;
    }
  }
}

/** The end of the log, as a linearizable read of a member tells it. */
async function linearizableEnd(logs: Logs, log: ReplicatedLog): Promise<number> {
  let end = 0;
  const read = async (): Promise<void> => {
    for await (const { offset } of log.records({ from: { last: 1 }, linearizable: true })) end = offset + 1;
  };
  await logs.settled(read());
  return end;
}

test.each(['one', 'two', 'three', 'four'])(
  'given producers who send again whatever was not answered, while members lose their power and their network (seed %s), then each batch is there once, in order, where it was said to be, on all members, and followers of each are given just that',
  async (seed) => {
    const logs = await new Logs(seed, { retention: { bytesMax: 1_000_000 } }).startAll();
    const clients: Client[] = [];
    for (const name of ['ann', 'bob', 'eve']) {
      const producer = await logs.settled((await logs.leading()).openProducer({ name }));
      clients.push(new Client(logs, name, producer));
    }
    const ending = new AbortController();
    const watchers = logs.logs.map((_, at) => new Watcher(logs, at));
    const watching = watchers.map((watcher) => watcher.follow(ending.signal));
    for (let cycle = 0; cycle < 12; cycle += 1) {
      const sending = Promise.all(clients.map((client) => client.send(cycle * 30, 30)));
      sending.catch(() => {});
      // The fault finds them anywhere on the way: within what happens without time.
      for (let turns = logs.random.below(120); turns > 0; turns -= 1) await Promise.resolve();
      const leader = await logs.leader();
      const fault: Fault = faults[cycle % faults.length]!;
      if (cycle % 3 === 0) logs.cutOffBeforeItHears(leader);
      if (cycle % 3 === 1) logs.cutOff(leader);
      await logs.pass(logs.random.below(50) * 10);
      if (cycle % 3 !== 1) await logs.cutPower(leader, fault);
      await logs.pass(500 + logs.random.below(50) * 10);
      if (cycle % 4 === 3)
        for (const [at, log] of logs.logs.entries()) if (log !== null) await logs.cutPower(at, fault);
      logs.heal();
      await logs.startAll();
      await logs.settled(sending);
      const end = 1 + Math.max(...clients.flatMap((client) => [...client.acknowledged.values()]));
      const anyone = logs.logs[logs.random.below(3)]!;
      expect(await linearizableEnd(logs, anyone)).toBeGreaterThanOrEqual(end);
    }
    await logs.settle();
    expect(clients.reduce((retries, client) => retries + client.retries, 0)).toBeGreaterThan(50);
    const values = await valuesIn(logs.logs[0]!);
    for (const log of logs.logs) expect(await valuesIn(log!)).toEqual(values);
    for (const [at, name] of ['ann', 'bob', 'eve'].entries()) {
      const said = [...clients[at]!.acknowledged].sort(([one], [other]) => one - other);
      const own = values.filter((value) => value.includes(name));
      expect(own).toEqual(said.map(([number, offset]) => `${offset} ${name} ${number}`));
    }
    expect(values.length).toBe(3 * 12 * 30);
    await logs.pass(100);
    for (const watcher of watchers) expect(watcher.values).toEqual(values);
    ending.abort();
    await logs.settled(Promise.all(watching));
    expect(logs.failures).toEqual([]);
    await logs.stop();
  },
  60_000,
);
