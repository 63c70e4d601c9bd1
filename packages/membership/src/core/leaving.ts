import { allStates } from './asking.js';
import { sendNews } from './gossip.js';
import type { Swim } from './swim.js';

/**
 * Rounds of gossip that a member stays after it has told that it goes: a receiver that has not heard from it before asks to be told again,
 * with proof.
 */
const roundsToStay = 2;

/** Says that this member goes, at once and then with each round of gossip. Nothing that is said of it is answered any more. */
export function startLeave(swim: Swim): void {
  if (swim.isLeaving) return;
  const { self } = swim;
  swim.isLeaving = true;
  swim.toRefute = undefined;
  swim.tagsToTell = undefined;
  swim.roster.set({ ...self, status: 'left', changedMs: swim.nowMs });
  swim.tell({ kind: 'left', about: self.name, incarnation: self.incarnation });
  if (swim.roster.live === 0) {
    endLeave(swim);
    return;
  }
  sendNews(swim);
  tellOne(swim);
  swim.remindIn(swim.settings.leavePropagateMs, { kind: 'leave' });
}

/**
 * After each round of gossip: it is over once it was told as often as any news is, and nobody asked again. Packets may all be lost, or
 * reach nobody: so one member at least has to say, over a stream, that it heard.
 */
export function maybeEndLeave(swim: Swim): void {
  if (!swim.isLeaving || swim.isLeaveTold) return;
  if (swim.leaveWord === 'unsaid') tellOne(swim);
  const isHeard = swim.leaveWord === 'heard' || swim.roster.live === 0;
  if (!isHeard || swim.broadcasts.has(swim.settings.name)) swim.roundsStayed = 0;
  else swim.roundsStayed += 1;
  if (swim.roundsStayed > roundsToStay) endLeave(swim);
  else swim.gossipSoon();
}

/** Another round tries another, where this one did not answer. */
export function leaveAnswered(swim: Swim, isHeard: boolean): void {
  swim.leaveWord = isHeard ? 'heard' : 'unsaid';
}

function tellOne(swim: Swim): void {
  const { settings, roster, random, asks } = swim;
  const [peer] = roster.draw(1, random, ({ status }) => status === 'alive');
  if (peer === undefined || asks.size >= settings.requestsMax) return;
  swim.leaveWord = 'said';
  swim.ask(peer.address, allStates(swim), { kind: 'leave' }, settings.leavePropagateMs);
}

export function endLeave(swim: Swim): void {
  if (swim.isLeaveTold) return;
  swim.isLeaveTold = true;
  swim.emit({ kind: 'leave-told' });
}
