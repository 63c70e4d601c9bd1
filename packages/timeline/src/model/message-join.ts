import { nodeOf, numberOf, type TraceEvent, textOf } from '../trace/event.js';
import { beginMs, type Entry, type Message } from './entry.js';
import { messageKindOf } from './kind.js';

/** Messages that nothing tells apart but when they were sent. */
interface Alike {
  /** The one sent last, whatever became of it. */
  last: Message;
  /** Those that were neither received nor lost, in the order in which they were sent. */
  waiting: Message[];
}

/**
 * Joins the two ends of messages. A number alone does not tell a message: senders count from 1 in every life, so receiver, name and term must agree, too, and
 * of several that do it is the last one sent.
 */
export class MessageJoin {
  readonly #sent = new Map<string, Alike>();
  /** Those whose sending is not known yet: streams of several nodes come in any order. */
  readonly #early = new Map<string, Message[]>();
  /** By receiver: what it took in last. */
  readonly #lastReceived = new Map<string, Message>();

  /** The message that this event is an end of, and whether it is a new one; null where the event is none. */
  join(entry: Entry): { readonly message: Message; readonly isNew: boolean } | null {
    const { event } = entry;
    switch (event.event) {
      case 'send':
        return this.#sends(entry);
      case 'receive':
        return this.#receives(entry);
      case 'lost':
        return this.#loses(event);
      case 'drop':
        return this.#ignores(event);
      default:
        return null;
    }
  }

  /** Forgets those that began before. */
  forgetBefore(ms: number): void {
    const isKept = (message: Message): boolean => beginMs(message) >= ms;
    for (const [key, alike] of this.#sent) {
      alike.waiting = alike.waiting.filter(isKept);
      if (alike.waiting.length === 0 && !isKept(alike.last)) this.#sent.delete(key);
    }
    for (const [key, messages] of this.#early) {
      const kept = messages.filter(isKept);
      if (kept.length === 0) this.#early.delete(key);
      else this.#early.set(key, kept);
    }
  }

  #sends(entry: Entry): { readonly message: Message; readonly isNew: boolean } {
    const { event } = entry;
    const to = textOf(event, 'to') ?? '';
    const key = keyOf(event, event.node, to);
    const early = this.#early.get(key)?.shift();
    const message = early ?? newMessage(event, { from: event.node, to });
    message.send = entry;
    const waiting = early === undefined ? [message] : [];
    const alike = this.#sent.get(key);
    if (alike === undefined) this.#sent.set(key, { last: message, waiting });
    else {
      alike.last = message;
      alike.waiting.push(...waiting);
    }
    return { message, isNew: early === undefined };
  }

  #receives(entry: Entry): { readonly message: Message; readonly isNew: boolean } {
    const { event } = entry;
    const from = textOf(event, 'from') ?? '';
    const key = keyOf(event, from, event.node);
    const sent = this.#sent.get(key);
    const waiting = sent?.waiting.pop();
    const message =
      waiting ?? newMessage(event, { from, to: event.node, send: sent?.last.send ?? null, isCopy: sent !== undefined });
    message.receive = entry;
    if (sent === undefined) push(this.#early, key, message);
    this.#lastReceived.set(event.node, message);
    return { message, isNew: waiting === undefined };
  }

  #loses(event: TraceEvent): { readonly message: Message; readonly isNew: boolean } | null {
    const key = keyOf(event, event.node, textOf(event, 'to') ?? '');
    const message = this.#sent.get(key)?.waiting.pop();
    if (message === undefined) return null;
    message.lost = event.cause;
    return { message, isNew: false };
  }

  #ignores(event: TraceEvent): { readonly message: Message; readonly isNew: boolean } | null {
    const message = this.#lastReceived.get(event.node);
    if (message === undefined || message.id !== event.message || message.from !== event.from) return null;
    message.ignored = event.cause;
    return { message, isNew: false };
  }
}

/** The name of a message: the cause of its ends; where it was lost, `kind`, since the cause says why. */
export function messageNameOf(event: TraceEvent): string {
  return textOf(event, 'kind') ?? event.cause;
}

function newMessage(
  event: TraceEvent,
  ends: { readonly from: string; readonly to: string; readonly send?: Entry | null; readonly isCopy?: boolean },
): Message {
  const name = messageNameOf(event);
  return {
    id: numberOf(event, 'message') ?? 0,
    name,
    kind: messageKindOf(name),
    from: ends.from,
    to: ends.to,
    fromNode: nodeOf(ends.from),
    toNode: nodeOf(ends.to),
    term: numberOf(event, 'messageTerm'),
    send: ends.send ?? null,
    receive: null,
    lost: null,
    ignored: null,
    isDuplicate: ends.isCopy ?? false,
  };
}

function keyOf(event: TraceEvent, from: string, to: string): string {
  return `${from} ${to} ${event.message} ${messageNameOf(event)} ${event.messageTerm}`;
}

function push(map: Map<string, Message[]>, key: string, message: Message): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [message]);
  else known.push(message);
}
