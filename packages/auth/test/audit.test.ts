import { describe, expect, it } from 'vitest';
import { type AuditRecord, AuditTrail } from '../src/index.js';
import { World } from './world.js';

const denied = { kind: 'access-denied', subject: 'mallory', action: 'admin', log: '*', reason: 'no' } as const;

describe('the audit trail', () => {
  it('writes events with their time', () => {
    const { audit, records, clock } = new World();
    audit.record(denied);
    expect(records).toEqual([{ ...denied, atMs: clock.wallMs() }]);
  });

  it('writes so many a second, counts all, and says within a second how many it left out', async () => {
    const world = new World();
    const records: AuditRecord[] = [];
    const audit = new AuditTrail(
      { eventsPerSecondMax: 100 },
      { clock: world.clock, write: (record) => records.push(record) },
    );
    for (let times = 0; times < 100_000; times += 1) audit.record(denied);
    expect(records).toHaveLength(100);
    expect(audit.counts).toEqual({ 'access-denied': 100_000 });
    await world.pass(1000);
    expect(records.at(-1)).toMatchObject({ kind: 'suppressed', count: 99_900 });
    expect(records).toHaveLength(101);
    audit.record(denied);
    expect(records).toHaveLength(102);
    await world.pass(5000);
    expect(records).toHaveLength(102);
  });

  it('writes that files were refused even then', () => {
    const world = new World();
    const records: AuditRecord[] = [];
    const audit = new AuditTrail(
      { eventsPerSecondMax: 1 },
      { clock: world.clock, write: (record) => records.push(record) },
    );
    audit.record(denied);
    audit.record(denied);
    audit.record({ kind: 'policy-refused', reason: 'typo' });
    expect(records.map(({ kind }) => kind)).toEqual(['access-denied', 'policy-refused']);
  });

  it('cuts long text that came from outside', () => {
    const { audit, records } = new World();
    audit.record({ ...denied, log: 'x'.repeat(1_000_000) });
    expect(JSON.stringify(records).length).toBeLessThan(600);
  });
});
