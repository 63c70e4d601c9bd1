import type { Address } from '@commitlog/runtime';
import { canonical } from './address.js';
import { MembershipError } from './errors.js';
import { incarnationMax } from './incarnation.js';
import { isName } from './name.js';
import { type Profile, profiles } from './profile.js';
import { encodeTags, type Tags } from './tags.js';

/** How one member behaves. */
export interface CoreSettings extends Profile {
  /** Its name, for ever: 1 to 64 of the letters A to Z and a to z, digits, and `_ . : @ -`. No two members may share one. */
  readonly name: string;
  /** Where the others reach it: an IP address and a port. */
  readonly address: Address;
  readonly tags: Tags;
  /** Where its incarnations start: one above what it last had, where that is known. */
  readonly incarnation: number;
  /** Whether Lifeguard is on. Off, this is SWIM with suspicion as of 2002: for comparison. */
  readonly isLifeguardOn: boolean;
  /** A failed member, or one that was known before a restart, is tried again about this often. */
  readonly reconnectIntervalMs: number;
  /** How long a failed member is tried, and remembered. serf's `ReconnectTimeout`. */
  readonly reconnectTimeoutMs: number;
  /** How long a member that left is remembered, so that late news does not bring it back. serf's `TombstoneTimeout`. */
  readonly tombstoneMs: number;
  /** How long a leave may take to be told. serf's `LeavePropagateDelay`. */
  readonly leavePropagateMs: number;
  /** Members alive or suspect, this one included; news of more is refused. */
  readonly membersMax: number;
  /** Members remembered that failed or left; beyond it the oldest is forgotten. */
  readonly tombstonesMax: number;
  /** Probes under way on behalf of others; more are refused. */
  readonly relaysMax: number;
  /** Exchanges under way that this member began. */
  readonly requestsMax: number;
}

export const defaultSettings: Omit<CoreSettings, 'name' | 'address'> = {
  ...profiles.lan,
  tags: {},
  incarnation: 0,
  isLifeguardOn: true,
  reconnectIntervalMs: 30_000,
  reconnectTimeoutMs: 24 * 3_600_000,
  tombstoneMs: 24 * 3_600_000,
  leavePropagateMs: 1_000,
  membersMax: 1_024,
  tombstonesMax: 1_024,
  relaysMax: 256,
  requestsMax: 8,
};

/** May be 0: nobody is asked, nothing is remembered, numbering starts at the start. */
const mayBeZero = new Set(['incarnation', 'indirectChecks', 'gossipToTheDeadMs', 'reconnectTimeoutMs', 'tombstoneMs']);

/** Above this a list of all members would not fit into one exchange. */
const membersMaxMax = 4_096;

/** What a timer can wait for. */
export const timerMsMax: number = 2 ** 31 - 1;

/** @throws MembershipError naming the first setting that makes no sense */
export function checkSettings(settings: CoreSettings): void {
  if (!isName(settings.name)) {
    throw refused('name', 'be 1 to 64 of the letters A to Z and a to z, digits, and _ . : @ -', settings.name);
  }
  try {
    canonical(settings.address);
  } catch (cause) {
    throw refused('address', 'have an IP address and a port', JSON.stringify(settings.address), cause);
  }
  encodeTags(settings.tags);
  for (const [name, value] of Object.entries(settings)) {
    if (name === 'name' || name === 'address') continue;
    const byDefault = (defaultSettings as Record<string, unknown>)[name];
    if (byDefault === undefined) throw refused(name, 'be left out, as there is no such setting', value);
    if (typeof value !== typeof byDefault) throw refused(name, `be a ${typeof byDefault}`, value);
    if (typeof value !== 'number') continue;
    const isPositive = Number.isFinite(value) && (value > 0 || (value === 0 && mayBeZero.has(name)));
    if (!isPositive) throw refused(name, 'be a number above 0', value);
    // Nothing that is counted needs more either.
    if (name !== 'incarnation' && value > timerMsMax) throw refused(name, `be at most ${timerMsMax}`, value);
    if (!name.endsWith('Ms') && !Number.isInteger(value)) throw refused(name, 'be a whole number', value);
  }
  if (settings.incarnation > incarnationMax) {
    throw refused('incarnation', `be at most ${incarnationMax}`, settings.incarnation);
  }
  for (const name of ['membersMax', 'tombstonesMax'] as const) {
    if (settings[name] > membersMaxMax) throw refused(name, `be at most ${membersMaxMax}`, settings[name]);
  }
  if (settings.probeTimeoutMs >= settings.probeIntervalMs) {
    throw refused('probeTimeoutMs', `be below probeIntervalMs, ${settings.probeIntervalMs}`, settings.probeTimeoutMs);
  }
}

function refused(name: string, must: string, got: unknown, cause?: unknown): MembershipError {
  return new MembershipError('ERR_MEMBERSHIP_SETTINGS', `${name} must ${must}, got ${String(got)}`, { cause });
}
