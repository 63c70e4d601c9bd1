/**
 * Who is there, told by gossip: SWIM with Lifeguard, sealed. `Membership` is one member with sockets; `MembershipCore` is the state machine
 * alone.
 *
 * @packageDocumentation
 */
export * from './core/index.js';
export * from './seal/index.js';
export * from './shell/index.js';
