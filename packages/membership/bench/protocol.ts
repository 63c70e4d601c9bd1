/** Which implementation. */
export type Library = 'ours' | 'swim';

/** What a process that hosts members is told to do. Members are known by their ports. */
export type Order =
  | {
      readonly kind: 'start';
      readonly library: Library;
      readonly port: number;
      readonly join: number | undefined;
    }
  | { readonly kind: 'leave'; readonly port: number }
  /** Works without a pause for `busyMs`, again and again. */
  | { readonly kind: 'overload'; readonly busyMs: number; readonly idleMs: number; readonly forMs: number };

/** What it tells: that a member of its own has seen something of another. `atMs` since 1970, by the machine's clock. */
export interface Sighting {
  readonly kind: 'joined' | 'failed' | 'left';
  readonly observer: number;
  readonly subject: number;
  readonly atMs: number;
}

export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
