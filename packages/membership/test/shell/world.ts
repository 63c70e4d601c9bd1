import type { Address } from '@commitlog/runtime';
import { nodeClock, nodeDatagrams, nodeRandom, nodeStreams } from '@commitlog/runtime/node';
import { afterEach } from 'vitest';
import { Keyring, Membership, type MembershipComponents, type MembershipInit } from '../../src/index.js';

export const key = new Uint8Array(32).fill(3);
export const loopback: Address = { host: '127.0.0.1', port: 0 };

const started: Membership[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((member) => member.stop()));
});

export interface Wanted {
  readonly init?: Partial<MembershipInit>;
  readonly components?: Partial<MembershipComponents>;
}

/** A member on this machine, sealed unless it is asked for otherwise, and stopped when the test is over. */
export function member(name: string, { init, components }: Wanted = {}): Membership {
  const made = new Membership(
    { name, cluster: 'test', bind: loopback, profile: 'local', ...init },
    {
      datagrams: nodeDatagrams,
      streams: nodeStreams,
      clock: nodeClock,
      random: nodeRandom,
      keyring: new Keyring(key),
      ...components,
    },
  );
  started.push(made);
  return made;
}

export async function startMember(name: string, wanted: Wanted = {}): Promise<Membership> {
  const made = member(name, wanted);
  await made.start();
  return made;
}

/** Waits until it holds, or fails after a while, saying what was waited for. */
export async function until(what: string, holds: () => boolean, withinMs = 15_000): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Names of those that it takes for alive, itself included. */
export function alive(of: Membership): string[] {
  return of
    .members()
    .filter(({ status }) => status === 'alive')
    .map(({ name }) => name)
    .toSorted();
}
