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

  it('never makes two events of one, nor hides anything in it', () => {
    const { audit, records } = new World();
    audit.record({ ...denied, subject: 'a\nb\r\u0000\u2028\u202e\u200b\ud800', log: 'Jürgen 山 "x" \\ \t' });
    expect(records[0]).toMatchObject({
      subject: 'a\\u{a}b\\u{d}\\u{0}\\u{2028}\\u{202e}\\u{200b}\\u{d800}',
      log: 'Jürgen 山 "x" \\ \\u{9}',
    });
  });

  it('that cannot be written harms nobody, and is counted', async () => {
    const world = new World();
    let isFull = true;
    const records: AuditRecord[] = [];
    const write = (record: AuditRecord): void => {
      if (isFull) throw new Error('no space left');
      records.push(record);
    };
    const audit = new AuditTrail({ eventsPerSecondMax: 1 }, { clock: world.clock, write });
    audit.record(denied);
    audit.record(denied);
    await world.pass(1000);
    expect([audit.lost, audit.counts]).toEqual([2, { 'access-denied': 2 }]);
    isFull = false;
    audit.record(denied);
    expect(records).toHaveLength(1);
  });

  it.each([0, -1, 1.5, Number.NaN])('takes no %d for a rate: it would write everything, or nothing', (rate) => {
    const { clock } = new World();
    expect(() => new AuditTrail({ eventsPerSecondMax: rate }, { clock, write: () => {} })).toThrow(
      expect.objectContaining({ code: 'settings' }),
    );
  });

  it('cuts long text that came from outside', () => {
    const { audit, records } = new World();
    audit.record({ ...denied, log: 'x'.repeat(1_000_000) });
    expect(JSON.stringify(records).length).toBeLessThan(600);
  });
});
