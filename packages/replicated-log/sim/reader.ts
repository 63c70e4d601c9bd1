import { type ReadFrom, type ReadOptions, type ReplicatedLog, ReplicatedLogError } from '../src/index.js';
import { ask, type CallerComponents } from './caller.js';
import { pick } from './plan.js';

/** Reads here and there, from one place or another, and holds what it is served against what everybody else was. */
export class LogReader {
  readonly #with: CallerComponents;
  isDone = false;

  constructor(components: CallerComponents) {
    this.#with = components;
  }

  async run(): Promise<void> {
    const { world } = this.#with;
    while (!world.isHealed) {
      await world.wait(500);
      await this.#read();
    }
    this.isDone = true;
  }

  async #read(): Promise<void> {
    const { world, history, members, sometimes } = this.#with;
    const { random } = world;
    const member = pick(random, members);
    const [acknowledgedEnd, isFollower] = [history.acknowledgedEnd, !member.isLeader];
    const from = this.#from();
    const linearizable = random.chance(0.4);
    const options = { from, linearizable, maxBytes: pick(random, [1, 2000, 100_000]), follow: random.chance(0.3) };
    const isBeyond = isOffset(from) && from.offset > (member.log?.endOffset ?? 0);
    const answer = await ask(member, world, (log, signal) => this.#collect(member.node, log, { ...options, signal }));
    if (typeof answer === 'string') return;
    const what = `${member.node}, ${JSON.stringify(options)}`;
    if (answer instanceof ReplicatedLogError) return this.#refused(what, from, answer);
    if (isBeyond) sometimes.reached('an offset beyond a follower was served there');
    if (!linearizable) return;
    if (isFollower) sometimes.reached('a linearizable read was served by a follower');
    const isShort = from !== 'end' && answer !== undefined && answer < acknowledgedEnd;
    if (isShort) world.violated('linearizable reads', `${what} ended at ${answer}, and ${acknowledgedEnd} was known`);
  }

  #from(): ReadFrom {
    const { world, history } = this.#with;
    const { random } = world;
    const offset = random.below(history.acknowledgedEnd + 1);
    return pick<ReadFrom>(random, [
      'start',
      'end',
      { offset },
      // Somebody was told of it a moment ago, perhaps by another member.
      { offset: Math.max(0, history.acknowledgedEnd - 1) },
      { last: random.below(20) },
      { time: world.clock.wallMs() - random.below(5000) },
    ]);
  }

  /** @returns the offset at which it ended; `undefined` where it followed, and was served nothing */
  async #collect(node: string, log: ReplicatedLog, options: ReadOptions): Promise<number | undefined> {
    const { world, history } = this.#with;
    let next = isOffset(options.from) ? options.from.offset : undefined;
    try {
      for await (const { bytes, firstOffset, nextOffset } of log.read(options)) {
        if (next !== undefined && firstOffset !== next) {
          world.violated(
            'no gaps',
            `${node} served ${firstOffset} where ${next} was to come: ${JSON.stringify(options.from)}`,
          );
        }
        history.read(node, bytes);
        next = nextOffset;
      }
    } catch (error) {
      // A follower reads until it is told to stop.
      if (!(options.follow === true && error === options.signal?.reason)) throw error;
      return undefined;
    }
    return next ?? log.endOffset;
  }

  #refused(what: string, from: ReadFrom, error: ReplicatedLogError): void {
    const { world, history, sometimes } = this.#with;
    if (error.code === 'damaged') sometimes.reached('a reader met damage');
    if (error.code !== 'out-of-range') {
      const isExpected = ['damaged', 'unconfirmed', 'closed', 'failed'].includes(error.code);
      if (!isExpected) world.violated('typed errors', `${what}: ${String(error.stack)}`);
      return;
    }
    history.trimmedTo = Math.max(history.trimmedTo, error.first!);
    const isTrimmed = error.requested! < error.first!;
    if (isTrimmed) sometimes.reached('a reader was overtaken by retention');
    // It was acknowledged, or at the end of what was: whoever was told an offset can read it anywhere.
    else if (isOffset(from)) world.violated('an offset can be read anywhere', `${what}: ${error.message}`);
  }
}

function isOffset(from: ReadFrom): from is { readonly offset: number } {
  return typeof from === 'object' && 'offset' in from;
}
