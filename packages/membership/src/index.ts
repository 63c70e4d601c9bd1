export * from './core/index.js';
export * from './seal/index.js';
