import type { LocalNode } from '../local-cluster/local-cluster.js';
import { pause } from '../pause.js';
import type { Input, World } from '../world.js';

/** So long nobody has to come. */
export const waitMsMax = 120_000;
const lookAgainMs = 200;

/** Somebody who is to see in a browser what happens. */
export interface Onlooker {
  /** @param link the page that shows it */
  invite(link: string): void;
  /** Resolves when they have seen enough, while the nodes still run. */
  untilSeen(signal: AbortSignal): Promise<void>;
}

/** The page that shows what these nodes do, beside each other, served by one of them. */
export function timelineOf(nodes: readonly LocalNode[], by: LocalNode | undefined = nodes[0]): string {
  const watched = nodes.map(({ adminAddress }) => `http://${adminAddress}`);
  return `http://${by!.adminAddress}/timeline?watch=${watched.join(',')}`;
}

/**
 * Waits until somebody watches every one of them, or presses Enter, or nobody has come in time.
 *
 * @throws CommandError `interrupted`
 */
export async function untilWatched(nodes: readonly LocalNode[], world: World): Promise<void> {
  const signal = world.interruption();
  const untilMs = world.clock.monotonicMs() + waitMsMax;
  let isToGoOn = false;
  if (world.in.isTerminal) {
    void lineOf(world.in).then(() => {
      isToGoOn = true;
    });
  }
  while (!isToGoOn && world.clock.monotonicMs() < untilMs) {
    const watched = await Promise.all(nodes.map((node) => isWatched(node, world)));
    if (watched.every(Boolean)) return;
    await pause(lookAgainMs, world.clock, signal);
  }
}

async function isWatched({ adminAddress }: LocalNode, world: World): Promise<boolean> {
  const metrics = await world.httpGet(`http://${adminAddress}/metrics`).catch(() => '');
  return /^commitlog_trace_viewers [1-9]/m.test(metrics);
}

/** Resolves when something was typed, and Enter; or when nobody can type any more. */
async function lineOf(input: Input): Promise<void> {
  for await (const _ of input.chunks()) return;
}
