import assert from 'node:assert/strict';
import { SeededRandom } from '@commitlog/simulation';
import { encodeMessage, type Message } from '../../src/core/message.js';
import { decodePacket, type Packet, PacketBuilder, payloadBytesMax } from '../../src/core/packet.js';
import {
  type CoreSettings,
  type CoreTimer,
  defaultSettings,
  type Effect,
  type Input,
  MembershipCore,
  type MembershipEvent,
} from '../../src/index.js';

export const home = { host: '10.0.0.1', port: 7946 };

export function addressOf(name: string): { readonly host: string; readonly port: number } {
  return { host: `10.0.1.${name.charCodeAt(0)}`, port: 7946 };
}

/** One member named `me`; the test is everybody else. */
export class Rig {
  readonly core: MembershipCore;
  nowMs = 0;
  isLeaveTold = false;
  readonly events: MembershipEvent[] = [];
  readonly asked: Extract<Effect, { kind: 'ask' }>[] = [];
  #sent: { to: string; packet: Packet; bytes: number }[] = [];
  #timers: CoreTimer[] = [];

  constructor(settings: Partial<CoreSettings> = {}) {
    const random = new SeededRandom('rig');
    this.core = new MembershipCore({ ...defaultSettings, name: 'me', address: home, ...settings }, { random });
    this.step({ kind: 'start', contacts: [] });
  }

  step(input: Input): readonly Effect[] {
    const effects = this.core.step(input, this.nowMs);
    for (const effect of effects) {
      if (effect.kind === 'timer') this.#timers.push(effect.timer);
      if (effect.kind === 'event') this.events.push(effect.event);
      if (effect.kind === 'ask') this.asked.push(effect);
      if (effect.kind === 'leave-told') this.isLeaveTold = true;
      if (effect.kind === 'send') {
        const packet = decodePacket(effect.bytes);
        assert.ok(packet, 'a packet of ours cannot be read');
        this.#sent.push({ to: packet.to, packet, bytes: effect.bytes.length });
      }
    }
    return effects;
  }

  /** Others are there, alive, at incarnation 1. */
  know(...names: string[]): void {
    this.hear(names[0]!, ...names.map((name) => this.alive(name, 1)));
    this.events.length = 0;
    this.#sent = [];
  }

  alive(about: string, incarnation: number): Message {
    return { kind: 'alive', about, incarnation, address: addressOf(about), tagBytes: new Uint8Array(0) };
  }

  /** A packet from `from` comes in. */
  hear(from: string, ...messages: Message[]): readonly Effect[] {
    return this.hearAt(from, 1, ...messages);
  }

  hearAt(from: string, incarnation: number, ...messages: Message[]): readonly Effect[] {
    const packet = new PacketBuilder({ from, to: 'me', incarnation }, payloadBytesMax);
    for (const message of messages) assert.ok(packet.add(encodeMessage(message)));
    return this.step({ kind: 'packet', from: addressOf(from), bytes: packet.bytes() });
  }

  /** Lets time pass, and runs what falls due. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.#timers.toSorted((one, other) => one.dueMs - other.dueMs)[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      this.step({ kind: 'timer', timer: next });
    }
    this.nowMs = untilMs;
  }

  /** Time goes by and nothing runs; what fell due runs late, in its order. */
  stall(ms: number): void {
    this.nowMs += ms;
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.nowMs).sort((one, other) => one.dueMs - other.dueMs);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const timer of due) this.step({ kind: 'timer', timer });
  }

  /** What was sent since it was last asked for, message by message. */
  takeSent(): { to: string; message: Message; bytes: number }[] {
    const taken = this.#sent.flatMap(({ to, packet, bytes }) =>
      packet.messages.map((message) => ({ to, message, bytes })),
    );
    this.#sent = [];
    return taken;
  }

  /** The ping that is under way, whoever it went to. */
  nextPing(waitMs = 20): { to: string; seq: number } {
    for (let tries = 0; tries < 100; tries++) {
      for (const { to, message } of this.takeSent()) if (message.kind === 'ping') return { to, seq: message.seq };
      this.pass(waitMs);
    }
    throw new Error('nobody was pinged');
  }

  kinds(name?: string): string[] {
    return this.events.filter(({ member }) => name === undefined || member.name === name).map(({ kind }) => kind);
  }
}
