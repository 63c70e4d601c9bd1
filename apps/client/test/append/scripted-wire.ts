import { baseSequenceOf, countOf, records } from '@commitlog/record';
import { Lane, type LaneSettings, type Wire } from '../../src/append/lane.js';
import type { Appended } from '../../src/record.js';
import { SeededRandom, VirtualClock } from './network.js';

interface Sent {
  readonly values: readonly string[];
  readonly sequence: number;
  readonly count: number;
}

/** A wire on which nothing happens but what a test does: it notes what it was asked for. */
class ScriptedWire implements Wire {
  opens = 0;
  resets = 0;
  readonly sent: Sent[] = [];

  open(): void {
    this.opens += 1;
  }

  send(batch: Buffer): void {
    const values = [...records(batch)].map(({ value }) => `${value}`);
    this.sent.push({ values, sequence: baseSequenceOf(batch), count: countOf(batch) });
  }

  reset(): void {
    this.resets += 1;
  }
}

/** What an append has come to, as far as it has. */
export interface Outcome {
  offset?: number;
  code?: string;
  outcome?: string | undefined;
}

/** A lane, on a wire that does what it is told to. */
export function openLane(settings: Partial<LaneSettings> = {}) {
  const clock = new VirtualClock();
  const wire = new ScriptedWire();
  const lane = new Lane(
    { deadlineMs: 1000, pendingBytesMax: 16 * 1024 * 1024, mode: 'independent', isNamed: false, ...settings },
    { wire, clock, random: new SeededRandom(1), defer: (work) => clock.after(0, work) },
  );
  let epoch = -1;
  const opened = (): void => {
    epoch += 1;
    lane.opened({ producerId: 7, producerEpoch: epoch, inFlightMax: 64 });
  };
  return { lane, wire, clock, opened };
}

export function outcomeOf(appended: Promise<Appended>): Outcome {
  const told: Outcome = {};
  appended.then(
    ({ offset }) => Object.assign(told, { offset }),
    ({ code, outcome }) => Object.assign(told, { code, outcome }),
  );
  return told;
}
