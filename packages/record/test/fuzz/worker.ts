/**
 * The process that runs the cases. It is told which by one message, and answers with a tally for every so many, so that
 * whoever watches it sees it move.
 */
import { type Assignment, casesPerTally, type Failure, type Tally } from './assignment.js';
import { examine } from './examine.js';
import { mutatedBatch } from './mutate.js';
import { Seeded } from './random.js';

process.once('message', (assignment: Assignment) => {
  // What it rejects with ends the process, and whoever watches sees that.
  void run(assignment);
});

async function run({ seed, first, cases }: Assignment): Promise<void> {
  const end = first + cases;
  for (let from = first; from < end; from += casesPerTally) {
    const tally = runCases(seed, from, Math.min(end, from + casesPerTally));
    await new Promise<void>((sent) => process.send!(tally, undefined, undefined, () => sent()));
  }
  process.disconnect();
}

function runCases(seed: number, from: number, end: number): Tally {
  let accepted = 0;
  let refused = 0;
  const failures: Failure[] = [];
  for (let number = from; number < end; number += 1) {
    const bytes = mutatedBatch(new Seeded(seed, number));
    try {
      if (examine(bytes)) accepted += 1;
      else refused += 1;
    } catch (error) {
      const stack = error instanceof Error ? error.stack : String(error);
      failures.push({ first: number, cases: 1, reason: `${stack}\n${bytes.toString('hex')}` });
    }
  }
  return { accepted, refused, failures };
}
