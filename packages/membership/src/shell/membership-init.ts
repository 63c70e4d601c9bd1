import type { Address, Clock, Datagrams, Random, Streams } from '@commitlog/runtime';
import type { CoreSettings, Profile, profiles } from '../core/index.js';
import type { Keyring } from '../seal/index.js';
import type { Exchanges } from './exchanges.js';
import type { Store } from './saved-state.js';

export interface MembershipInit extends Partial<Omit<CoreSettings, 'name' | 'address' | 'incarnation'>> {
  /** This member's, for ever: 1 to 64 of the letters A to Z and a to z, digits, and `_ . : @ -`. No two may share one. */
  readonly name: string;
  /** Members of other clusters are strangers. 1 to 255 characters; every member has the same. */
  readonly cluster: string;
  /** Where it listens, for packets and streams alike. Port 0: any that is free. */
  readonly bind: Address;
  /** Where others reach it, if that is another address: an IP address, and port 0 for the one that was bound. */
  readonly advertise?: Address;
  /** `lan` by default. Single numbers of it can be set beside it. */
  readonly profile?: keyof typeof profiles | Profile;
}

export interface MembershipComponents {
  readonly datagrams: Datagrams;
  /** What streams run over: TCP by itself, or a service of the program's own. */
  readonly streams: Streams | Exchanges;
  readonly clock: Clock;
  readonly random: Random;
  /** Without one, loopback addresses only. */
  readonly keyring?: Keyring;
  /** Without one, a restarted member has to be told again where to join. */
  readonly store?: Store;
  /** Told of what does not end the member, such as a state that could not be saved. */
  readonly onProblem?: (error: unknown) => void;
}
