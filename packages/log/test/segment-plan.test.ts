import { SimulatedClock } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { SegmentPlan } from '../src/segment-plan.js';

const limits = { segmentBytes: 1000, segmentMs: undefined };

it('given a copy, when more is planned, then the copy stays as it was', () => {
  const clock = new SimulatedClock();
  const plan = new SegmentPlan({ bytes: 500, firstTime: 0 });
  const before = plan.copy();
  plan.take(400, 0);
  expect([plan.isDue(200, limits, clock), before.isDue(200, limits, clock)]).toEqual([true, false]);
});
