/**
 * `pnpm sim:mutants [--only NAME] [--cores N] [--json]`: hunts the bugs that are planted, simulation by simulation. With --json the last line of
 * standard output is `{ "mutants": [{ "name", "caught", "seeds", "by" }] }`, those of all.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const simulations = ['raft', 'membership', 'log'];
const args = process.argv.slice(2);
const isJson = args.includes('--json');
const sim = fileURLToPath(new URL('./sim.mjs', import.meta.url));

let exitCode = 0;
const mutants = [];
for (const name of simulations) {
  if (!isJson) console.log(`${name}:`);
  const { status, stdout } = spawnSync(process.execPath, [sim, name, 'mutants', ...args], {
    stdio: ['inherit', isJson ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
  });
  exitCode = Math.max(exitCode, status ?? 1);
  // Wrong flags are wrong for all.
  if (status === 2) break;
  if (isJson) mutants.push(...JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').mutants);
}
if (isJson && exitCode !== 2) console.log(JSON.stringify({ mutants }));
process.exitCode = exitCode;
