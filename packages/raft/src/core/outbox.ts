import type { Effect, HardState, PersistEffect } from './effect.js';
import type { Entry, Index } from './entry.js';
import type { MemberId } from './member.js';
import type { DurableMessage, Message, Unaddressed, VolatileMessage } from './message.js';
import type { SnapshotMeta } from './snapshot-meta.js';
import type { Trace } from './trace.js';

const nothing: readonly never[] = [];

/** What one step wants done, gathered so that it becomes at most one write. */
export class Outbox {
  entries: Entry[] = [];
  repairs: Entry[] = [];
  truncateFrom: Index | undefined;
  install: SnapshotMeta | undefined;
  /** Term or vote changed. */
  isHardStateDirty = false;
  isVoteForSelf = false;
  readonly #self: MemberId;
  #effects: Effect[] = [];
  #thenSend: DurableMessage[] = [];
  #lastMessage = 0;

  constructor(self: MemberId) {
    this.#self = self;
  }

  add(effect: Effect): void {
    this.#effects.push(effect);
  }

  addFirst(effect: Effect): void {
    this.#effects.unshift(effect);
  }

  send(unaddressed: Unaddressed<VolatileMessage>, to: MemberId, trace: Trace | undefined): void {
    this.#effects.push({ kind: 'send', message: this.#address(unaddressed, to, trace) as VolatileMessage });
  }

  sendDurable(unaddressed: Unaddressed<DurableMessage>, to: MemberId, trace: Trace | undefined): void {
    this.#thenSend.push(this.#address(unaddressed, to, trace) as DurableMessage);
  }

  /** The step's write, or null when there is nothing to write and nothing that waits for a write. */
  takeWrite(hardState: HardState): Omit<PersistEffect, 'kind' | 'write'> | null {
    const isNeeded =
      this.isHardStateDirty ||
      this.entries.length > 0 ||
      this.repairs.length > 0 ||
      this.#thenSend.length > 0 ||
      this.truncateFrom !== undefined ||
      this.install !== undefined;
    if (!isNeeded) return null;
    const write = {
      ...(this.isHardStateDirty ? { hardState } : {}),
      ...(this.install !== undefined ? { install: this.install } : {}),
      ...(this.truncateFrom !== undefined ? { truncateFrom: this.truncateFrom } : {}),
      entries: this.entries,
      repairs: this.repairs,
      thenSend: this.#thenSend,
    };
    this.entries = [];
    this.repairs = [];
    this.#thenSend = [];
    this.truncateFrom = undefined;
    this.install = undefined;
    this.isHardStateDirty = false;
    return write;
  }

  take(): Effect[] {
    this.isVoteForSelf = false;
    if (this.#effects.length === 0) return nothing as unknown as Effect[];
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #address(unaddressed: Unaddressed<Message>, to: MemberId, trace: Trace | undefined): Message {
    this.#lastMessage += 1;
    // The object is fresh from its sender: completing it in place spares a copy per message.
    const message = unaddressed as { -readonly [Field in keyof Message]: Message[Field] } as Message;
    Object.assign(message, { id: this.#lastMessage, from: this.#self, to });
    trace?.('send', message.kind, { message: message.id, to, messageTerm: message.term });
    return message;
  }
}
