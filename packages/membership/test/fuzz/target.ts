import assert from 'node:assert/strict';
import type { Address } from '@commitlog/runtime';
import type { SeededRandom } from '@commitlog/simulation';
import {
  addressText,
  type CoreTimer,
  defaultSettings,
  type Effect,
  type Envelope,
  type Input,
  MembershipCore,
} from '../../src/index.js';
import { targetName } from './arbitrary.js';

/** Small, so that all of them are reached. */
const bounds = { membersMax: 32, tombstonesMax: 16, relaysMax: 16, requestsMax: 4 };

/** Timers of a member whose every bound is reached. */
const timersMax = 4_000;

/** One member, with nobody but the fuzzer around it. */
export class Target {
  readonly core: MembershipCore;
  readonly #random: SeededRandom;
  #nowMs = 0;
  #timers: CoreTimer[] = [];
  /** Answers that its questions get. */
  readonly #answer: () => Uint8Array | undefined;

  constructor(random: SeededRandom, answer: () => Uint8Array | undefined) {
    this.#random = random;
    this.#answer = answer;
    const address = { host: '10.0.0.1', port: 7946 };
    this.core = new MembershipCore({ ...defaultSettings, ...bounds, name: targetName, address }, { random });
    this.step({ kind: 'start', contacts: [] });
  }

  step(input: Input): readonly Effect[] {
    const effects = this.core.step(input, this.#nowMs);
    for (const effect of effects) if (effect.kind === 'timer') this.#timers.push(effect.timer);
    // One after the other: what is asked in a step is answered after it.
    for (const effect of effects)
      if (effect.kind === 'ask') this.step({ kind: 'answered', id: effect.id, bytes: this.#answer() });
    return effects;
  }

  /** Lets some time pass. */
  pass(): void {
    this.#nowMs += this.#random.below(20);
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.#nowMs);
    if (due.length === 0) return;
    this.#timers = this.#timers.filter(({ dueMs }) => dueMs > this.#nowMs);
    for (const timer of due) this.step({ kind: 'timer', timer });
  }

  /** Lets a packet in, and fails if what goes back is more than what came. */
  receive(from: Address, packet: Uint8Array, envelope: Envelope): 'let in' | 'answered' | 'refused' {
    const opened = envelope.open(from, packet);
    if (opened.kind === 'refused') return 'refused';
    if (opened.kind === 'reply') {
      assert.ok(
        opened.packet.length <= packet.length,
        `${packet.length} bytes were answered with ${opened.packet.length}`,
      );
      return 'answered';
    }
    const effects = this.step({ kind: 'packet', from, bytes: opened.payload });
    let repliedBytes = 0;
    for (const effect of effects) {
      if (effect.kind === 'send' && addressText(effect.to) === addressText(from)) repliedBytes += effect.bytes.length;
    }
    assert.ok(
      repliedBytes <= opened.payload.length,
      `${opened.payload.length} bytes were answered with ${repliedBytes}`,
    );
    this.checkBounds();
    return 'let in';
  }

  checkBounds(): void {
    const { members, tombstones, broadcasts, suspicions, relays, asks, turns } = this.core.held;
    const isBounded =
      members <= bounds.membersMax &&
      tombstones <= bounds.tombstonesMax &&
      broadcasts <= bounds.membersMax + bounds.tombstonesMax &&
      suspicions <= members &&
      relays <= bounds.relaysMax &&
      asks <= bounds.requestsMax + 2 &&
      turns <= bounds.membersMax + bounds.tombstonesMax + 1 &&
      this.#timers.length <= timersMax;
    assert.ok(isBounded, `held: ${JSON.stringify(this.core.held)}, ${this.#timers.length} timers`);
  }
}
