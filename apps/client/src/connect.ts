import type { Commitlog } from './commitlog.js';
import { CommitlogError } from './errors.js';
import type { ConnectSettings } from './settings.js';

/** Placeholder until the connection is here. */
export function connect<T = Uint8Array>(settings: ConnectSettings<T>): Promise<Commitlog<T>> {
  return Promise.reject(new CommitlogError('UNAVAILABLE', `nothing connects to ${settings.servers} yet`));
}
