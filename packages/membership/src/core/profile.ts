/** How fast the protocol turns. All members of a cluster should agree on it. The names and numbers are those of hashicorp/memberlist. */
export interface Profile {
  /** One member is probed in each of these; a probe without any answer at its end makes its target a suspect. */
  readonly probeIntervalMs: number;
  /** How long the direct probe alone is waited for, before others are asked to probe too. */
  readonly probeTimeoutMs: number;
  /** How many others are asked. */
  readonly indirectChecks: number;
  /** λ: each piece of news is sent λ · ⌈log10(n + 1)⌉ times by each who heard it. */
  readonly retransmitMult: number;
  /** α: a suspicion that others confirm lasts α · max(1, log10 n) probe intervals. */
  readonly suspicionMult: number;
  /** β: one that nobody confirms lasts so many times longer (Lifeguard §IV-B). */
  readonly suspicionMaxTimeoutMult: number;
  /** Lifeguard's local health multiplier never exceeds this (§IV-A, S). */
  readonly awarenessMaxMultiplier: number;
  /** News goes out this often, */
  readonly gossipIntervalMs: number;
  /** to so many members chosen at random, */
  readonly gossipNodes: number;
  /** and to one of those who failed less than this ago: they may be alive, and should hear of it. */
  readonly gossipToTheDeadMs: number;
  /** All that is known is exchanged with one random member this often; less often above 32 members. */
  readonly pushPullIntervalMs: number;
  /** How long an exchange over a stream may take. */
  readonly streamTimeoutMs: number;
}

/** memberlist's `DefaultLANConfig`, `DefaultWANConfig` and `DefaultLocalConfig` (config.go). */
export const profiles: Readonly<Record<'local' | 'lan' | 'wan', Profile>> = {
  /** All on one machine. */
  local: {
    probeIntervalMs: 1_000,
    probeTimeoutMs: 200,
    indirectChecks: 1,
    retransmitMult: 2,
    suspicionMult: 3,
    suspicionMaxTimeoutMult: 6,
    awarenessMaxMultiplier: 8,
    gossipIntervalMs: 100,
    gossipNodes: 3,
    gossipToTheDeadMs: 15_000,
    pushPullIntervalMs: 15_000,
    streamTimeoutMs: 1_000,
  },
  /** One data centre. */
  lan: {
    probeIntervalMs: 1_000,
    probeTimeoutMs: 500,
    indirectChecks: 3,
    retransmitMult: 4,
    suspicionMult: 4,
    suspicionMaxTimeoutMult: 6,
    awarenessMaxMultiplier: 8,
    gossipIntervalMs: 200,
    gossipNodes: 3,
    gossipToTheDeadMs: 30_000,
    pushPullIntervalMs: 30_000,
    streamTimeoutMs: 10_000,
  },
  /** Data centres far apart. */
  wan: {
    probeIntervalMs: 5_000,
    probeTimeoutMs: 3_000,
    indirectChecks: 3,
    retransmitMult: 4,
    suspicionMult: 6,
    suspicionMaxTimeoutMult: 6,
    awarenessMaxMultiplier: 8,
    gossipIntervalMs: 500,
    gossipNodes: 4,
    gossipToTheDeadMs: 60_000,
    pushPullIntervalMs: 60_000,
    streamTimeoutMs: 30_000,
  },
};
