export { MemoryNetwork } from './network.js';
export { MemoryStorage } from './storage.js';
