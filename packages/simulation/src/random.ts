import { createHash } from 'node:crypto';
import { type Random, randomBelow } from '@commitlog/runtime';

/**
 * Random numbers from a seed: the same seed gives the same numbers, on every machine and in every run.
 *
 * The generator is xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", TOMS 2021;
 * https://prng.di.unimi.it/xoshiro128starstar.c), its first state the SHA-256 of the seed.
 */
export class SeededRandom implements Random {
  readonly seed: string;
  readonly #state: Xoshiro128State;

  constructor(seed: string | number) {
    this.seed = String(seed);
    const hash = createHash('sha256').update(this.seed).digest();
    this.#state = [hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8), hash.readUInt32LE(12)];
  }

  uint32(): number {
    return xoshiro128(this.#state);
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.uint32() >>> 24);
  }

  /** An integer from 0 up to, not including, `bound`: see {@link randomBelow}. */
  below(bound: number): number {
    return randomBelow(this, bound);
  }

  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32;
  }

  /**
   * A stream of its own for one purpose. It depends on this one's seed and on `name` alone, not on what was drawn before:
   * drawing more for one purpose leaves all others as they were.
   */
  fork(name: string | number): SeededRandom {
    return new SeededRandom(`${this.seed}/${name}`);
  }
}

/** Four 32-bit words, not all zero. */
export type Xoshiro128State = [number, number, number, number];

/** The next number, 0 to 2^32−1; steps `state`. */
export function xoshiro128(state: Xoshiro128State): number {
  const result = Math.imul(rotated(Math.imul(state[1], 5), 7), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotated(state[3], 11);
  return result;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
