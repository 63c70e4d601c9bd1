/** What happened how often, since the start. Whatever is refused is counted here, and nowhere else. */
export interface Counters {
  /** Packets that cannot be understood. */
  malformed: number;
  /** Packets for another name: an address has changed hands. */
  misaddressed: number;
  /** Answers that nobody waits for: late, doubled or made up. */
  unexpected: number;
  /** News whose incarnation is too far above what is known. */
  leaps: number;
  /** News and probes refused because a bound was reached. */
  overflows: number;
  /** Claims about this member that it answered. */
  refutations: number;
  /** Refutations that were called for by somebody else who goes by this member's name. */
  nameConflicts: number;
  probes: number;
  /** Probes that nothing answered. */
  probesFailed: number;
  /** Probes that only another member's ping could show to be alive. */
  probesSavedByOthers: number;
  /** Probes that only a stream could. */
  probesSavedByStream: number;
  /** This process, or its machine, stood still. */
  stalls: number;
}

export function zeroCounters(): Counters {
  return {
    malformed: 0,
    misaddressed: 0,
    unexpected: 0,
    leaps: 0,
    overflows: 0,
    refutations: 0,
    nameConflicts: 0,
    probes: 0,
    probesFailed: 0,
    probesSavedByOthers: 0,
    probesSavedByStream: 0,
    stalls: 0,
  };
}
