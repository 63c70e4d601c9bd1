import type { Message } from './message.js';
import { pingOf, suspicionOf } from './probing.js';
import type { Recipient } from './recipient.js';
import type { Relay } from './relay.js';
import type { Peer } from './roster.js';
import type { Swim } from './swim.js';

/** A nack leaves when so much of the asker's time is over, to be there before its patience is (Lifeguard §IV-A). */
const nackShare = 0.8;

/** Somebody asks for an answer and gets one, with news in the room that its question left. */
export function handlePing(swim: Swim, from: Recipient, seq: number, bytesMax: number): void {
  const messages: Message[] = [{ kind: 'ack', seq }];
  const known = swim.roster.get(from.name);
  if (known !== undefined) messages.push(...grievance(swim, known));
  swim.send(from, messages, bytesMax);
}

/** What the one who asks should know is said of it: only it can refute that. */
function grievance(swim: Swim, { name, status, incarnation }: Peer): Message[] {
  const claim = { about: name, incarnation, from: swim.settings.name };
  if (status === 'suspect') return swim.settings.isLifeguardOn ? [suspicionOf(swim, swim.roster.get(name)!)] : [];
  if (status === 'failed') return [{ kind: 'failed', ...claim }];
  return status === 'left' ? [{ kind: 'left', about: name, incarnation }] : [];
}

/** Probes a member whom the asker could not reach. Where to, the asker does not say: that would turn us against anybody. */
export function handleIndirectPing(
  swim: Swim,
  asker: Recipient,
  question: { readonly seq: number; readonly target: string; readonly bytesMax: number },
): void {
  const target = swim.roster.get(question.target);
  if (target === undefined || target.name === swim.settings.name || swim.relays.size >= swim.settings.relaysMax) {
    swim.counters.overflows += target === undefined ? 0 : 1;
    sendNack(swim, { asker, ...question });
    return;
  }
  const seq = swim.nextSeq();
  swim.relays.set(seq, { asker, ...question });
  swim.send(target, pingOf(swim, target, seq), question.bytesMax, question.bytesMax);
  const { probeTimeoutMs, probeIntervalMs } = swim.settings;
  // The asker has waited for a probe timeout before it asked.
  const askerMs = Math.min(probeTimeoutMs, probeIntervalMs - probeTimeoutMs);
  swim.remindIn(nackShare * askerMs, { kind: 'relay-nack', seq });
  swim.remindIn(probeIntervalMs, { kind: 'relay-end', seq });
}

/** The target answered: its asker is told. */
export function relayAcked(swim: Swim, seq: number, by: string): boolean {
  const relay = swim.relays.get(seq);
  if (relay === undefined || relay.target !== by) return false;
  swim.relays.delete(seq);
  swim.send(relay.asker, [{ kind: 'ack', seq: relay.seq }], relay.bytesMax);
  return true;
}

export function relayNack(swim: Swim, seq: number): void {
  const relay = swim.relays.get(seq);
  if (relay !== undefined) sendNack(swim, relay);
}

function sendNack(swim: Swim, { asker, seq, bytesMax }: Relay): void {
  if (swim.settings.isLifeguardOn) swim.send(asker, [{ kind: 'nack', seq }], bytesMax);
}
