export type { ExchangeListener, Exchanges } from './exchanges.js';
export { Membership } from './membership.js';
export type { MembershipComponents, MembershipInit } from './membership-init.js';
export { FileStore, type SavedState, type Store } from './saved-state.js';
export { TcpExchanges, type TcpExchangesInit } from './tcp-exchanges.js';
