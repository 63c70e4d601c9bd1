/** Where unpredictable numbers come from: the operating system, or a seed. */
export interface Random {
  /** An integer from 0 to 2^32−1, each as likely as any other. */
  uint32(): number;

  /** `count` fresh bytes, the caller's to keep. */
  bytes(count: number): Uint8Array;
}

/**
 * An integer from 0 up to, not including, `bound`, each as likely as any other: draws that would favour the low numbers
 * are thrown away.
 *
 * @param bound 1 to 2^32
 * @throws RangeError when `bound` is anything else
 */
export function randomBelow(random: Random, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
    throw new RangeError(`the bound of a random number must be an integer from 1 to 4294967296, got ${bound}`);
  }
  const fairDraws = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const draw = random.uint32();
    if (draw < fairDraws) return draw % bound;
  }
}
