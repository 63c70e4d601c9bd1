import { startAgent } from '../../src/node/start-agent.js';

// Starts an agent, and waits for ever.
startAgent('src/node/agent-process.ts', JSON.parse(process.argv[2]!));
