import type { Swim } from './swim.js';

/** Watches for stalls of this process from now on, for as long as somebody may be judged by time alone. */
export function watchForStalls(swim: Swim): void {
  if (swim.stalls.isWatching) return;
  swim.stalls.watch(swim.nowMs, true);
  remind(swim);
}

export function watchTimer(swim: Swim): void {
  const isWaitedFor = swim.probe !== undefined && !swim.probe.isAcked;
  if (isWaitedFor || swim.suspicions.size > 0) remind(swim);
  else swim.stalls.watch(swim.nowMs, false);
}

function remind(swim: Swim): void {
  swim.remindIn(swim.settings.probeTimeoutMs / 4, { kind: 'watch' });
}
