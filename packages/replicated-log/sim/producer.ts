import { encodeBatch } from '@commitlog/record';
import { type OpenedProducer, ReplicatedLogError } from '../src/index.js';
import { ask, type CallerComponents, leading, type NoAnswer } from './caller.js';
import { valuesOf } from './history.js';
import type { Member } from './member.js';
import { pick } from './plan.js';

/** A batch that nobody has acknowledged yet. */
interface Unacknowledged {
  readonly name: string;
  readonly sequence: number;
  readonly values: readonly string[];
  /** Who was asked first. */
  readonly asked: Member;
}

type Outcome = 'acknowledged' | 'again' | 'lost';

const recordsMax = 3;

/** Sends each batch until it hears that it is in the log, several at a time, in their order, to whoever leads. */
export class Producer {
  readonly #name: string;
  readonly #with: CallerComponents;
  #sessions = 0;
  #target: Member;
  isDone = false;

  constructor(name: string, components: CallerComponents) {
    this.#name = name;
    this.#with = components;
    this.#target = components.members[0]!;
  }

  async run(): Promise<void> {
    const { world } = this.#with;
    while (!world.isHealed) {
      await world.wait(100);
      const opened = await this.#open();
      if (opened !== undefined) await this.#session(opened);
    }
    this.isDone = true;
  }

  /** Now and then under a name that others use, too: who opens it last has it. */
  async #open(): Promise<OpenedProducer | undefined> {
    const { world } = this.#with;
    const name = world.random.chance(0.15) ? 'shared' : this.#name;
    const answer = await ask(this.#target, world, (log, signal) => log.openProducer({ name, signal }));
    if (typeof answer !== 'string' && !(answer instanceof ReplicatedLogError)) return answer;
    this.#turnTo(answer);
    return undefined;
  }

  /** Until the producer is fenced or forgotten, or nothing new is to be sent and everything is acknowledged. */
  async #session(producer: OpenedProducer): Promise<void> {
    const { world } = this.#with;
    this.#sessions += 1;
    let [number, sequence] = [0, 0];
    let pending: Unacknowledged[] = [];
    for (;;) {
      while (!world.isHealed && pending.length < world.plan.window) {
        const count = 1 + world.random.below(recordsMax);
        const name = `${this.#name}.${this.#sessions}#${number}`;
        const values = valuesOf(name, count, 1 + world.random.below(world.plan.valueBytesMax));
        pending.push({ name, sequence, values, asked: this.#target });
        number += 1;
        sequence += count;
      }
      if (pending.length === 0) return;
      // What is sent first does not always come first.
      const order = world.random.chance(0.1) ? pending.toReversed() : pending;
      const outcomes = await Promise.all(order.map((batch) => this.#send(batch, producer)));
      if (outcomes.includes('lost')) return;
      const acknowledged = new Set(order.filter((_, at) => outcomes[at] === 'acknowledged'));
      pending = pending.filter((batch) => !acknowledged.has(batch));
      await world.wait(pending.length === 0 ? 120 : 200);
      // Some producers end in the middle, and somebody goes on under their name.
      if (!world.isHealed && pending.length === 0 && world.random.chance(0.02)) return;
    }
  }

  async #send({ name, sequence, values, asked }: Unacknowledged, producer: OpenedProducer): Promise<Outcome> {
    const { world, history, sometimes } = this.#with;
    const target = this.#target;
    const answer = await ask(target, world, (log, signal) => {
      const records = values.map((value) => ({ value: Buffer.from(value) }));
      return log.append(encodeBatch(records, { ...producer, baseSequence: sequence }), { signal });
    });
    if (typeof answer === 'string' || answer instanceof ReplicatedLogError) return this.#outcomeOf(name, answer);
    history.acknowledged(name, values.length, answer);
    if (answer.isDuplicate) sometimes.reached('a retry was answered with its first place');
    if (asked !== target) sometimes.reached('a batch was answered by another leader than it was sent to first');
    return 'acknowledged';
  }

  #outcomeOf(name: string, answer: ReplicatedLogError | NoAnswer): Outcome {
    const { world, sometimes } = this.#with;
    this.#turnTo(answer);
    switch (typeof answer === 'string' ? answer : answer.code) {
      case 'unknown':
        sometimes.reached('nobody could say what became of a batch');
        return 'again';
      case 'not-applied':
        sometimes.reached('a batch was given up when leadership changed');
        return 'again';
      case 'sequence-gap':
        sometimes.reached('a batch was sent again after a gap');
        return 'again';
      case 'fenced':
        sometimes.reached('a producer was fenced');
        return 'lost';
      case 'unknown-producer':
        if (world.plan.producersMax > 100) world.violated('exactly once', `${name}: its producer is forgotten`);
        sometimes.reached('a producer was forgotten');
        return 'lost';
      case 'sequence-stale':
        world.violated('exactly once', `${name} is not recognised: ${String(answer)}`);
        return 'lost';
      case 'offset-mismatch':
      case 'out-of-range':
      case 'damaged':
      case 'invalid':
        world.violated('typed errors', `${name} was told ${String(answer)}`);
        return 'lost';
      default:
        return 'again';
    }
  }

  /** Asks somebody else from now on, where this one does not lead, or says nothing. */
  #turnTo(answer: ReplicatedLogError | NoAnswer): void {
    const { members, world } = this.#with;
    if (answer instanceof ReplicatedLogError && (answer.code === 'overloaded' || answer.code === 'sequence-gap'))
      return;
    const leader = answer instanceof ReplicatedLogError ? answer.leader : undefined;
    const hinted = members.find(({ id }) => id === leader);
    this.#target = hinted ?? (world.random.chance(0.5) ? leading(this.#with) : pick(world.random, members));
  }
}
