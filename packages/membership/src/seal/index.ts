export type { Envelope, EnvelopeCounters, Opened } from './envelope.js';
export { Keyring, keyBytes } from './keyring.js';
export { PlainEnvelope } from './plain-envelope.js';
export { SealedEnvelope, type SealedEnvelopeInit } from './sealed-envelope.js';
export {
  plainHandshake,
  type StreamHandshake,
  type StreamSession,
  sealedHandshake,
} from './stream-handshake.js';
