import { runProgram } from '@commitlog/agent/program';

/*
 * An agent that `commitlog` has started. It ends when that process ends, in whatever way, unless it was told to stay.
 */
const end = (): void => process.exit();
process.once('disconnect', end);
process.once('message', () => process.off('disconnect', end));
// It may have ended while this one was being loaded.
if (!process.connected) end();

process.exitCode = await runProgram(process.argv.slice(2), 'commitlog agent');
