import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Address, Clock, Random } from '@commitlog/runtime';
import { addressText, packetBytesMax } from '../core/index.js';
import { nonceMax, open, seal, tagBytes } from './aead.js';
import { type Envelope, type EnvelopeCounters, forms, type Opened, zeroEnvelopeCounters } from './envelope.js';
import { deriveKey } from './key-derivation.js';
import type { Keyring } from './keyring.js';
import { RateLimit } from './rate-limit.js';
import { ReplayWindow } from './replay-window.js';

/*
 * The header, in clear and authenticated:
 *
 *   0  u8     form: 2 sealed, 3 challenge
 *   1  u32    the key's id
 *   5  16 B   the sender's salt, drawn at its start
 *  21  u48    the packet's number: each sender counts its own, from 0
 *  27  8 B    the token that the receiver gave the sender; zeros before it gave one. In a challenge, the token that it gives
 *  35         ciphertext, and the tag of 16 B
 */
const saltAt = 5;
const saltBytes = 16;
const numberAt = saltAt + saltBytes;
const tokenAt = numberAt + 6;
const tokenBytes = 8;
const headerBytes = tokenAt + tokenBytes;
/** A challenge says which packet it is about, and nothing else. */
const challengeBytes = headerBytes + 6 + tagBytes;

/** A sender that has shown that it is there: it holds a token that we gave to nobody else. */
interface Sender {
  readonly token: Uint8Array;
  readonly window: ReplayWindow;
  /** By the id of the key that they are derived from. */
  readonly keys: Map<number, Uint8Array>;
}

/** Somebody we send to. */
interface Receiver {
  /** What it gave us; zeros before it did. */
  token: Uint8Array;
  /** What we sent last: it may ask for it again, with a token this time. */
  sent: readonly { readonly number: number; readonly payload: Uint8Array }[];
}

const sentKept = 2;
/** Enough for a large cluster that starts all at once, and 29 kB in a second. Who is not asked is asked about its next packet. */
const challengesPerSecondMax = 512;
const noToken = new Uint8Array(tokenBytes);

export interface SealedEnvelopeInit {
  readonly cluster: string;
  /** Senders, and receivers, remembered at a time. */
  readonly peersMax: number;
}

/**
 * AES-256-GCM under a key of this boot's own. A packet counts only if its sender holds the token that we gave it, and only once: what was
 * recorded earlier, before this process started too, carries no such token. A sealed packet without it is answered with a
 * challenge, which carries the token and is no longer than the packet; a packet that is not sealed is not answered.
 */
export class SealedEnvelope implements Envelope {
  readonly counters: EnvelopeCounters = zeroEnvelopeCounters();
  readonly #info: string;
  readonly #peersMax: number;
  readonly #keyring: Keyring;
  readonly #random: Random;
  readonly #challenges: RateLimit;
  readonly #salt: Uint8Array;
  readonly #ownKeys: Map<number, Uint8Array> = new Map();
  readonly #senders: Map<string, Sender> = new Map();
  readonly #receivers: Map<string, Receiver> = new Map();
  #tokenSecret: Uint8Array;
  #sent = 0;

  constructor(
    init: SealedEnvelopeInit,
    components: {
      readonly keyring: Keyring;
      readonly random: Random;
      readonly clock: Pick<Clock, 'monotonicMs'>;
    },
  ) {
    this.#info = `commitlog membership packet 1 ${init.cluster}`;
    this.#peersMax = init.peersMax;
    this.#keyring = components.keyring;
    this.#random = components.random;
    this.#challenges = new RateLimit(challengesPerSecondMax, components.clock);
    this.#salt = this.#random.bytes(saltBytes);
    this.#tokenSecret = this.#random.bytes(32);
  }

  seal(to: Address, payload: Uint8Array): Uint8Array {
    const receiver = this.#receiver(addressText(to));
    const number = this.#nextNumber();
    receiver.sent = [...receiver.sent.slice(1 - sentKept), { number, payload }];
    return this.#sealed(forms.sealed, number, receiver.token, payload);
  }

  open(_from: Address, packet: Uint8Array): Opened {
    const form = packet[0];
    const canBeOurs = packet.length >= headerBytes + tagBytes && packet.length <= packetBytesMax;
    if (!canBeOurs || (form !== forms.sealed && form !== forms.challenge)) {
      this.counters.foreign += 1;
      return { kind: 'refused' };
    }
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
    if (bytes.subarray(saltAt, numberAt).equals(this.#salt)) {
      // Our own, sent back to us.
      this.counters.replayed += 1;
      return { kind: 'refused' };
    }
    const salt = bytes.toString('latin1', saltAt, numberAt);
    const sender = this.#senders.get(salt);
    const key = this.#keyOf(bytes, sender);
    const number = bytes.readUIntBE(numberAt, 6);
    const clear = this.#clear(bytes);
    const payload = key === undefined ? undefined : open(key, number, clear, bytes.subarray(headerBytes));
    if (payload === undefined) {
      this.counters.unauthenticated += 1;
      return { kind: 'refused' };
    }
    return form === forms.challenge
      ? this.#challenged(bytes, payload)
      : this.#arrived(bytes, { salt, sender, key: key!, number, payload });
  }

  #arrived(
    bytes: Buffer,
    it: { salt: string; sender: Sender | undefined; key: Uint8Array; number: number; payload: Uint8Array },
  ): Opened {
    const expected = it.sender?.token ?? this.#tokenFor(bytes.subarray(saltAt, numberAt));
    if (!timingSafeEqual(expected, bytes.subarray(tokenAt, headerBytes))) {
      // Of a sender that is known each number is asked about once: a recording of it gets nothing any more.
      if (it.sender?.window.accept(it.number) === false) {
        this.counters.replayed += 1;
        return { kind: 'refused' };
      }
      this.counters.unproven += 1;
      return this.#challenge(bytes, it.number, expected);
    }
    const sender = it.sender ?? this.#remember(it.salt, expected);
    if (sender === undefined) {
      this.counters.unproven += 1;
      return this.#challenge(bytes, it.number, this.#tokenFor(bytes.subarray(saltAt, numberAt)));
    }
    sender.keys.set(bytes.readUInt32BE(1), it.key);
    if (sender.window.accept(it.number)) return { kind: 'payload', payload: it.payload };
    this.counters.replayed += 1;
    return { kind: 'refused' };
  }

  /**
   * Asks for the packet again, with this token. Nothing is remembered of a sender before it has shown that it is there, so that recordings
   * take no memory; instead there is a bound to how often we ask at all.
   */
  #challenge(about: Buffer, number: number, token: Uint8Array): Opened {
    if (about.length < challengeBytes || !this.#challenges.take()) {
      this.counters.unasked += 1;
      return { kind: 'refused' };
    }
    const echo = Buffer.alloc(6);
    echo.writeUIntBE(number, 0, 6);
    const asker = about.subarray(saltAt, numberAt);
    return { kind: 'reply', packet: this.#sealed(forms.challenge, this.#nextNumber(), token, echo, asker) };
  }

  /**
   * Sends again what is asked for, if it is one of the last that we sent: each is sent again once, so no recording can make us. It may be
   * asked for from another address than it went to: a member that listens on several answers from whichever its routes say.
   */
  #challenged(bytes: Buffer, echo: Uint8Array): Opened {
    const number = echo.length === 6 ? Buffer.from(echo).readUIntBE(0, 6) : -1;
    const receiver = [...this.#receivers.values()].find(({ sent }) => sent.some((each) => each.number === number));
    const asked = receiver?.sent.find((each) => each.number === number);
    if (receiver === undefined || asked === undefined) {
      this.counters.replayed += 1;
      return { kind: 'refused' };
    }
    receiver.token = Uint8Array.from(bytes.subarray(tokenAt, headerBytes));
    receiver.sent = receiver.sent.filter((each) => each !== asked);
    return { kind: 'reply', packet: this.#sealed(forms.sealed, this.#nextNumber(), receiver.token, asked.payload) };
  }

  #sealed(form: number, number: number, token: Uint8Array, payload: Uint8Array, asker?: Uint8Array): Uint8Array {
    const { primary } = this.#keyring;
    const header = Buffer.allocUnsafe(headerBytes);
    header.writeUInt8(form, 0);
    header.writeUInt32BE(primary.id, 1);
    header.set(this.#salt, saltAt);
    header.writeUIntBE(number, numberAt, 6);
    header.set(token, tokenAt);
    let key = this.#ownKeys.get(primary.id);
    if (key === undefined) {
      key = deriveKey(primary.secret, this.#salt, this.#info);
      this.#ownKeys.set(primary.id, key);
    }
    const clear = asker === undefined ? header : Buffer.concat([header, asker]);
    return Buffer.concat([header, seal(key, number, clear, payload)]);
  }

  /** What is authenticated beside the ciphertext: of a challenge, whom it is for, too. */
  #clear(bytes: Buffer): Uint8Array {
    const header = bytes.subarray(0, headerBytes);
    return header[0] === forms.challenge ? Buffer.concat([header, this.#salt]) : header;
  }

  #keyOf(bytes: Buffer, sender: Sender | undefined): Uint8Array | undefined {
    // First the keyring: a key that was removed opens nothing any more, whatever is remembered of its use.
    const key = this.#keyring.find(bytes.readUInt32BE(1));
    if (key === undefined) return undefined;
    return sender?.keys.get(key.id) ?? deriveKey(key.secret, bytes.subarray(saltAt, numberAt), this.#info);
  }

  #tokenFor(salt: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#tokenSecret).update(salt).digest().subarray(0, tokenBytes);
  }

  /**
   * At the bound everybody is forgotten, and all tokens change with that, this sender's too: of a sender whose window is forgotten nothing
   * can be replayed. Each gets a new token with its next packet.
   */
  #remember(salt: string, token: Uint8Array): Sender | undefined {
    if (this.#senders.size >= this.#peersMax) {
      this.#senders.clear();
      this.#tokenSecret = this.#random.bytes(32);
      return undefined;
    }
    const sender: Sender = { token: Uint8Array.from(token), window: new ReplayWindow(), keys: new Map() };
    this.#senders.set(salt, sender);
    return sender;
  }

  #receiver(address: string): Receiver {
    const known = this.#receivers.get(address);
    if (known !== undefined) return known;
    if (this.#receivers.size >= this.#peersMax) this.#receivers.clear();
    const receiver: Receiver = { token: noToken, sent: [] };
    this.#receivers.set(address, receiver);
    return receiver;
  }

  #nextNumber(): number {
    if (this.#sent > nonceMax) throw new RangeError('this process has sent 2^48 packets: restart it for a new key');
    this.#sent += 1;
    return this.#sent - 1;
  }
}
