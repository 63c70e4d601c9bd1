import type { Sometimes } from '@commitlog/simulation';
import { type ReplicatedLog, ReplicatedLogError } from '../src/index.js';
import type { History } from './history.js';
import type { Member } from './member.js';
import { pick } from './plan.js';
import type { World } from './world.js';

export interface CallerComponents {
  readonly world: World;
  readonly history: History;
  readonly sometimes: Sometimes;
  readonly members: readonly Member[];
}

/** Why a call has no answer: the process ended, or nothing came for so long that the caller gave up before it was on its way. */
export type NoAnswer = 'ended' | 'given up';

/** A caller waits so long for an answer, in ms. */
const patienceMs = 2500;

/** Calls a member; what is wrong with the call is an answer, too. */
export async function ask<T>(
  member: Member,
  world: World,
  call: (log: ReplicatedLog, signal: AbortSignal) => Promise<T>,
): Promise<T | ReplicatedLogError | NoAnswer> {
  const patience = new AbortController();
  const timer = world.clock.after(patienceMs, () => patience.abort());
  try {
    return await member.answer((log) => call(log, patience.signal));
  } catch (error) {
    if (error instanceof ReplicatedLogError) return error;
    if (error === patience.signal.reason) return 'given up';
    world.violated('typed errors', error instanceof Error ? String(error.stack) : String(error));
    return 'given up';
  } finally {
    timer.cancel();
  }
}

/** The member that leads, as far as a caller can know; anybody where nobody is known to. */
export function leading({ members, world }: CallerComponents): Member {
  return members.find((member) => member.isLeader) ?? pick(world.random, members);
}
