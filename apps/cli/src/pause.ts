import type { Clock } from '@commitlog/runtime';
import { CommandError } from './errors.js';

/**
 * Waits.
 *
 * @throws CommandError `interrupted` as soon as the signal is aborted
 */
export async function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
  requireGoing(signal);
}

/** @throws CommandError `interrupted` once the signal is aborted */
export function requireGoing(signal: AbortSignal): void {
  if (signal.aborted) throw new CommandError('interrupted', 'interrupted', { cause: signal.reason });
}

/** Waits until the signal is aborted. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}
