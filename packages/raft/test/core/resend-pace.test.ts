import { describe, expect, it } from 'vitest';
import { ResendPace } from '../../src/core/resend-pace.js';

/**
 * A link that takes so long for each part, one after the other in the order in which they were sent, repetitions too. The leader looks
 * whether a part is overdue with each heartbeat.
 *
 * @returns how long it all took, and how many parts were sent
 */
function transfer(parts: number, msPerPart: number, { electionTimeoutMs }: { readonly electionTimeoutMs: number }) {
  const heartbeatMs = electionTimeoutMs / 10;
  const pace = new ResendPace(2 * heartbeatMs, 10 * electionTimeoutMs);
  let [nowMs, sent, wanted, linkFreeAtMs] = [0, 0, 0, 0];
  const arrivals: { readonly atMs: number; readonly part: number }[] = [];
  const send = (): void => {
    pace.sent(wanted, nowMs);
    sent += 1;
    linkFreeAtMs = Math.max(linkFreeAtMs, nowMs) + msPerPart;
    arrivals.push({ atMs: linkFreeAtMs, part: wanted });
  };
  send();
  while (wanted < parts) {
    nowMs += heartbeatMs;
    while (arrivals.length > 0 && arrivals[0]!.atMs <= nowMs) {
      if (arrivals.shift()!.part !== wanted) continue;
      pace.answered(nowMs);
      wanted += 1;
      if (wanted < parts) send();
    }
    if (wanted < parts && pace.isOverdue(nowMs)) send();
  }
  return { tookMs: nowMs, sent };
}

describe('ResendPace', () => {
  it.each([
    [4000, 1000],
    [12_000, 1000],
    [60_000, 1000],
    [2000, 150],
    [10, 1000],
  ])(
    'given a link that takes %i ms for a part, with an election timeout of %i ms, then parts do not queue behind themselves',
    (msPerPart, electionTimeoutMs) => {
      const parts = 100;
      const { tookMs, sent } = transfer(parts, msPerPart, { electionTimeoutMs });
      // Until the first answer nobody knows how slow the link is; what was repeated by then has to get through, once.
      expect(sent).toBeLessThan(parts + 40);
      expect(tookMs).toBeLessThan((parts + 40) * msPerPart + 100 * parts);
    },
  );

  it('given parts that are lost for a long time, then they are still repeated every ten election timeouts', () => {
    const pace = new ResendPace(200, 10_000);
    let nowMs = 0;
    for (pace.sent(0, nowMs); nowMs < 600_000; nowMs += 100) if (pace.isOverdue(nowMs)) pace.sent(0, nowMs);
    const lastMs = nowMs;
    while (!pace.isOverdue(nowMs)) nowMs += 100;
    expect(nowMs - lastMs).toBeLessThanOrEqual(10_000);
  });

  it('given a link that loses every part once, then the wait stays near what an answer takes', () => {
    const pace = new ResendPace(200, 10_000);
    let nowMs = 0;
    for (let part = 0; part < 100; part++) {
      pace.sent(part, nowMs);
      while (!pace.isOverdue(nowMs)) nowMs += 10;
      pace.sent(part, nowMs);
      nowMs += 10;
      pace.answered(nowMs);
    }
    expect(nowMs / 100).toBeLessThan(1500);
  });

  it('given a member that was away for an hour, then its next answer does not make the link slow', () => {
    const pace = new ResendPace(200, 10_000);
    pace.sent(7, 0);
    const backMs = 3_600_000;
    pace.sent(7, backMs);
    pace.answered(backMs + 10);
    pace.sent(8, backMs + 10);
    expect(pace.isOverdue(backMs + 10 + 200)).toBe(true);
  });
});
