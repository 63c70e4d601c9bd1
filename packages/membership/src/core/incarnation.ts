/**
 * A member numbers what it says of itself: only it may raise the number, and of two claims the one with the higher number
 * holds (SWIM §4.2). 48 bits on the wire.
 */
export type Incarnation = number;

export const incarnationMax: Incarnation = 2 ** 48 - 1;

/**
 * Hearsay that is more than this above what is known of a member is refused. A member raises its number by one at a time and at most
 * once in a gossip interval, so no honest news leaps. Without the limit one forged claim of the highest number would
 * leave its victim nothing to answer with; with it, a forger that answers every refutation at once needs years.
 */
export const incarnationLeapMax: number = 2 ** 16;

export function isLeap(claimed: Incarnation, known: Incarnation): boolean {
  return claimed > known + incarnationLeapMax;
}
