import type { Clock } from '@commitlog/runtime';

/** What security must be able to look up later. Text that came from outside is cut to 256 characters. */
export type AuditEvent =
  /** A request that the access-control list does not allow. */
  | {
      readonly kind: 'access-denied';
      readonly subject: string;
      readonly action: string;
      readonly log: string;
      readonly reason: string;
    }
  /** A call that was refused before any policy was asked: by nobody, by a client where only nodes may, by one node as another. */
  | {
      readonly kind: 'call-refused';
      /** Empty where nobody was recognised. */
      readonly subject: string;
      readonly method: string;
      readonly from: string;
      readonly reason: string;
    }
  /** A connection that was ended because of its certificate. */
  | {
      readonly kind: 'connection-ended';
      readonly subject: string;
      readonly serialNumber: string;
      readonly from: string;
      readonly reason: string;
    }
  /** Files were read again: from now on they hold, or the old ones still do. */
  | { readonly kind: 'policy-changed' | 'certificates-changed'; readonly what: string }
  | { readonly kind: 'policy-refused' | 'certificates-refused'; readonly reason: string }
  /** So many events came faster than they are written down. */
  | { readonly kind: 'suppressed'; readonly count: number };

/** An event, and when it was: ms since 1970. */
export type AuditRecord = AuditEvent & { readonly atMs: number };

/** Where events go. Recording never waits and never throws. */
export interface Audit {
  record(event: AuditEvent): void;
}

export interface AuditTrailSettings {
  /** More than these in a second are counted and not written, 1 up; 1,000 unless told. Refused files always are written. */
  readonly eventsPerSecondMax?: number;
}

const textCharactersMax = 256;

/**
 * Writes events down, so many a second and no more: who is denied a million times must not fill the disk, nor slow down those
 * who are not. What was left out is counted, and the count written within a second.
 */
export class AuditTrail implements Audit {
  readonly #eventsPerSecondMax: number;
  readonly #clock: Clock;
  readonly #write: (record: AuditRecord) => void;
  #counts: Partial<Record<AuditEvent['kind'], number>> = {};
  #secondBeganMs = Number.NEGATIVE_INFINITY;
  #writtenInSecond = 0;
  #suppressed = 0;

  /** @param write takes an event, in the time of whoever was denied: it should hand it on */
  constructor(
    { eventsPerSecondMax = 1000 }: AuditTrailSettings,
    { clock, write }: { readonly clock: Clock; readonly write: (record: AuditRecord) => void },
  ) {
    this.#eventsPerSecondMax = eventsPerSecondMax;
    this.#clock = clock;
    this.#write = write;
  }

  /** How many events of each kind there have been, written or not: metrics. */
  get counts(): Readonly<Partial<Record<AuditEvent['kind'], number>>> {
    return this.#counts;
  }

  record(event: AuditEvent): void {
    this.#counts[event.kind] = (this.#counts[event.kind] ?? 0) + 1;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#secondBeganMs >= 1000) {
      this.#secondBeganMs = nowMs;
      this.#writtenInSecond = 0;
    }
    const isAboutFiles = event.kind === 'policy-refused' || event.kind === 'certificates-refused';
    if (this.#writtenInSecond >= this.#eventsPerSecondMax && !isAboutFiles) {
      this.#suppressed += 1;
      if (this.#suppressed === 1) this.#clock.after(1000, () => this.#writeSuppressed());
      return;
    }
    this.#writtenInSecond += 1;
    this.#writeDown(event);
  }

  #writeSuppressed(): void {
    const count = this.#suppressed;
    this.#suppressed = 0;
    this.#writeDown({ kind: 'suppressed', count });
  }

  #writeDown(event: AuditEvent): void {
    const cut = Object.entries(event).map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > textCharactersMax ? `${value.slice(0, textCharactersMax)}…` : value,
    ]);
    this.#write({ atMs: this.#clock.wallMs(), ...(Object.fromEntries(cut) as AuditEvent) });
  }
}
