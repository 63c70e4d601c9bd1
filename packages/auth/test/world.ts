import { setImmediate } from 'node:timers/promises';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { type AuditEvent, type AuditRecord, AuditTrail } from '../src/index.js';

/** A simulated machine, and what was written into its audit trail. */
export class World {
  readonly disk: SimulatedDisk = new SimulatedDisk();
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly records: AuditRecord[] = [];
  readonly audit: AuditTrail = new AuditTrail({}, { clock: this.clock, write: (record) => this.records.push(record) });
  readonly files = this.disk.files;

  put(path: string, text: string, permissions = 0o644): void {
    this.disk.place(path, Buffer.from(text), permissions);
  }

  /** Lets time pass, timer by timer, and what each has begun come to its end. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.monotonicMs() + ms;
    for (let due = this.clock.nextTimerMs(); due !== undefined && due <= until; due = this.clock.nextTimerMs()) {
      this.clock.runNext();
      await setImmediate();
    }
    this.clock.advanceTo(until);
  }

  /** Events of one kind, without their times. */
  events(kind: AuditRecord['kind']): AuditEvent[] {
    return this.records
      .filter((record) => record.kind === kind)
      .map((record) => Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'atMs')) as AuditRecord);
  }
}
