import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Address } from '@commitlog/runtime';
import { packetBytesMax } from '../core/index.js';
import { type Envelope, type EnvelopeCounters, forms, type Opened, zeroEnvelopeCounters } from './envelope.js';

const markBytes = 8;

/** What tells one cluster's unsealed packets from another's. */
export function clusterMark(cluster: string): Uint8Array {
  return createHash('sha256').update(cluster).digest().subarray(0, markBytes);
}

/** An envelope that hides nothing and proves nothing: for one machine that nobody else uses. */
export class PlainEnvelope implements Envelope {
  readonly counters: EnvelopeCounters = zeroEnvelopeCounters();
  readonly #mark: Uint8Array;

  constructor(cluster: string) {
    this.#mark = clusterMark(cluster);
  }

  seal(_to: Address, payload: Uint8Array): Uint8Array {
    return Buffer.concat([Uint8Array.of(forms.plain), this.#mark, payload]);
  }

  open(_from: Address, packet: Uint8Array): Opened {
    const mark = packet.subarray(1, 1 + markBytes);
    const isShort = packet.length <= packetBytesMax;
    if (isShort && packet[0] === forms.plain && Buffer.compare(mark, this.#mark) === 0) {
      return { kind: 'payload', payload: packet.subarray(1 + markBytes) };
    }
    this.counters.foreign += 1;
    return { kind: 'refused' };
  }
}
