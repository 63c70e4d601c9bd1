import type { Clock } from '@commitlog/runtime';
import { AuthError } from './errors.js';

/**
 * What security must be able to look up later. Text may come from outside: it is cut to 256 characters, and what nobody can see in it, line
 * feeds included, is written as `\u{a}`, so that no event can pretend to be two.
 */
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
  /** An authority's revocation list was lost, or replaced by one that is not newer: what it has revoked stays so. */
  | { readonly kind: 'revocations-kept'; readonly reason: string }
  /** So many events came faster than they are written down. */
  | { readonly kind: 'suppressed'; readonly count: number };

/** An event, and when it was: ms since 1970. */
export type AuditRecord = AuditEvent & { readonly atMs: number };

/** Where events go. Recording never waits and never throws. */
export interface Audit {
  record(event: AuditEvent): void;
}

export interface AuditTrailSettings {
  /** More than these in a second are counted and not written, 1 up; 1,000 unless told. Files that were refused, and lists that were kept, always are written. */
  readonly eventsPerSecondMax?: number;
}

const textCharactersMax = 256;

/** They come from files that somebody has changed, never as fast as requests do. */
const alwaysWritten: ReadonlySet<AuditEvent['kind']> = new Set([
  'policy-refused',
  'certificates-refused',
  'revocations-kept',
]);

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
  #lost = 0;

  /**
   * @param write takes an event, in the time of whoever was denied: it should hand it on
   * @throws AuthError `settings`
   */
  constructor(
    { eventsPerSecondMax = 1000 }: AuditTrailSettings,
    { clock, write }: { readonly clock: Clock; readonly write: (record: AuditRecord) => void },
  ) {
    if (!Number.isInteger(eventsPerSecondMax) || eventsPerSecondMax < 1) {
      throw new AuthError('settings', `eventsPerSecondMax must be an integer of 1 or more, got ${eventsPerSecondMax}`);
    }
    this.#eventsPerSecondMax = eventsPerSecondMax;
    this.#clock = clock;
    this.#write = write;
  }

  /** How many events of each kind there have been, written or not: metrics. */
  get counts(): Readonly<Partial<Record<AuditEvent['kind'], number>>> {
    return this.#counts;
  }

  /** How many events could not be written, since `write` has thrown: a metric that must stay 0. */
  get lost(): number {
    return this.#lost;
  }

  record(event: AuditEvent): void {
    this.#counts[event.kind] = (this.#counts[event.kind] ?? 0) + 1;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#secondBeganMs >= 1000) {
      this.#secondBeganMs = nowMs;
      this.#writtenInSecond = 0;
    }
    if (this.#writtenInSecond >= this.#eventsPerSecondMax && !alwaysWritten.has(event.kind)) {
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
    const shown = Object.entries(event).map(([name, value]) => [
      name,
      typeof value === 'string' ? visible(value) : value,
    ]);
    try {
      this.#write({ atMs: this.#clock.wallMs(), ...(Object.fromEntries(shown) as AuditEvent) });
    } catch {
      // Whoever was denied must be denied all the same, and the server go on.
      this.#lost += 1;
    }
  }
}

const invisible = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/gu;

function visible(text: string): string {
  const cut = text.length > textCharactersMax ? `${text.slice(0, textCharactersMax)}…` : text;
  return cut.replace(invisible, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
