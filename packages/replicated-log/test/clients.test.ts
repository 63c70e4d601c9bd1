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

test.each(['one', 'two', 'three', 'four'])(
  'given producers who send again whatever was not answered, while members lose their power and their network (seed %s), then each batch is there once, in order, where it was said to be, on all members',
  async (seed) => {
    const logs = await new Logs(seed, { retention: { bytesMax: 1_000_000 } }).startAll();
    const clients: Client[] = [];
    for (const name of ['ann', 'bob', 'eve']) {
      const producer = await logs.settled((await logs.leading()).openProducer({ name }));
      clients.push(new Client(logs, name, producer));
    }
    for (let cycle = 0; cycle < 12; cycle += 1) {
      const sending = Promise.all(clients.map((client) => client.send(cycle * 30, 30)));
      sending.catch(() => {});
      await logs.pass(logs.random.below(3) * 10);
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
    expect(logs.failures).toEqual([]);
    await logs.stop();
  },
  60_000,
);
