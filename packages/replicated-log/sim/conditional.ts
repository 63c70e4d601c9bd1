import { encodeBatch } from '@commitlog/record';
import { type ReplicatedLog, ReplicatedLogError } from '../src/index.js';
import { ask, type CallerComponents, leading } from './caller.js';
import { valuesOf } from './history.js';
import { pick } from './plan.js';

/** Appends where it believes that the log ends, or not at all; and each batch once, whatever it hears. */
export class ConditionalAppender {
  readonly #name: string;
  readonly #with: CallerComponents;
  isDone = false;

  constructor(name: string, components: CallerComponents) {
    this.#name = name;
    this.#with = components;
  }

  async run(): Promise<void> {
    const { world } = this.#with;
    for (let number = 0; !world.isHealed; number += 1) {
      await world.wait(400);
      await this.#append(`${this.#name}.${number}`);
    }
    this.isDone = true;
  }

  async #append(name: string): Promise<void> {
    const { world, history, sometimes } = this.#with;
    let expectedOffset = 0;
    const answer = await ask(leading(this.#with), world, (log, signal) => {
      expectedOffset = Math.max(0, log.endOffset + pick(world.random, [0, 0, 0, 1, -1]));
      const [value] = valuesOf(name, 1, 1);
      const appended = log.append(encodeBatch([{ value: Buffer.from(value!) }]), { expectedOffset, signal });
      appended.catch((error: unknown) => this.#remember(log, error));
      return appended;
    });
    if (answer === 'ended') return;
    if (answer === 'given up') return history.denied(name, answer);
    if (!(answer instanceof ReplicatedLogError)) {
      sometimes.reached('a condition held');
      history.acknowledged(name, 1, answer);
      if (answer.offset !== expectedOffset) {
        world.violated('conditions', `${name} was to get offset ${expectedOffset}, and got ${answer.offset}`);
      }
      return;
    }
    // Of a process that has failed nobody knows what it has done.
    if (answer.code === 'unknown' || answer.code === 'failed') return;
    history.denied(name, answer.message);
    if (answer.code !== 'offset-mismatch') return;
    sometimes.reached('a condition was refused');
  }

  /** Where somebody is told that the log ends must be committed by then, where he is told so. */
  #remember({ member }: ReplicatedLog, error: unknown): void {
    if (!(error instanceof ReplicatedLogError && error.code === 'offset-mismatch')) return;
    this.#with.history.toldEnd(error.actual!, member.status.commitIndex);
  }
}
