import type { Clock } from '@commitlog/runtime';

/** Called in the midst of long work, again and again: gives way to others when it is time to. */
export type GiveWay = () => Promise<void> | undefined;

/** How long work goes on before others have their turn, in ms. */
const sliceMs = 10;

/** For work of a server that takes a second: whoever does it at one go keeps heartbeats waiting for as long. */
export function givingWay(clock: Clock): GiveWay {
  let beganMs = clock.monotonicMs();
  return () => {
    if (clock.monotonicMs() - beganMs < sliceMs) return undefined;
    return new Promise((resolve) => {
      clock.after(0, () => {
        beganMs = clock.monotonicMs();
        resolve();
      });
    });
  };
}
