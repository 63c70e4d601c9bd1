/** `pnpm sim raft|raft-driver|membership|log …`: runs that simulation from source, with what follows as its arguments. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [name = '', ...args] = process.argv.slice(2);
/** @type {Record<string, string>} Where each is. */
const folders = {
  raft: 'raft/sim',
  'raft-driver': 'raft/sim/driver',
  membership: 'membership/sim',
  log: 'replicated-log/sim',
};
const main = fileURLToPath(new URL(`../packages/${folders[name]}/main.ts`, import.meta.url));
if (!Object.hasOwn(folders, name)) {
  console.error(`usage: pnpm sim raft|raft-driver|membership|log …   (there is no simulation of "${name}")`);
  process.exit(2);
}
const flags = ['--conditions=@commitlog/source', '--import', 'tsx'];
const { status } = spawnSync(process.execPath, [...flags, main, ...args], { stdio: 'inherit' });
process.exit(status ?? 1);
