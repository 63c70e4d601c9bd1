export { EventQueue } from './event-queue.js';
export { type LinkQuality, SimulatedNetwork } from './network.js';
export { Sometimes } from './sometimes.js';
