import { sendNews } from './gossip.js';
import type { Swim } from './swim.js';

/** Says that this member goes, at once and then with each round of gossip. Nothing that is said of it is answered any more. */
export function startLeave(swim: Swim): void {
  if (swim.isLeaving) return;
  const { self } = swim;
  swim.isLeaving = true;
  swim.toRefute = undefined;
  swim.roster.set({ ...self, status: 'left', changedMs: swim.nowMs });
  swim.tell({ kind: 'left', about: self.name, incarnation: self.incarnation });
  sendNews(swim);
  swim.remindIn(swim.settings.leavePropagateMs, { kind: 'leave' });
  maybeEndLeave(swim);
}

/** It is told once it was sent as often as any news is, or nobody is left to hear it. */
export function maybeEndLeave(swim: Swim): void {
  if (!swim.isLeaving || (swim.broadcasts.has(swim.settings.name) && swim.roster.live > 0)) return;
  endLeave(swim);
}

export function endLeave(swim: Swim): void {
  if (swim.isLeaveTold) return;
  swim.isLeaveTold = true;
  swim.emit({ kind: 'leave-told' });
}
