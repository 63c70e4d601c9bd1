import type { SeedResult } from './seed.js';

/** What was wrong with a run, for people, and how to see it again. */
export function tellSeed({ seed, violation, vacuous }: SeedResult, about: string, replay: string): string {
  const what =
    violation === null ? `: vacuous: ${vacuous}` : ` at ${violation.atMs.toFixed(1)} ms: ${toldOf(violation)}`;
  return `seed ${seed}, ${about}${what}\n  replay: ${replay}`;
}

/** Some simulations name the invariant in `what`, too. */
function toldOf({ invariant, what }: NonNullable<SeedResult['violation']>): string {
  return what.startsWith(invariant) ? what : `${invariant}: ${what}`;
}

/** A bar that overwrites the one before. */
export function tellProgress(done: number, all: number, violations: number): string {
  const width = 40;
  const filled = Math.round((done / all) * width);
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
  return `\r${bar} ${done}/${all}, ${violations} violations${done === all ? '\n' : ''}`;
}
