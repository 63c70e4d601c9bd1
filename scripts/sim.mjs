/** `pnpm sim raft|raft-driver|membership|log …`: runs that simulation from source, with what follows as its arguments. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [name, ...args] = process.argv.slice(2);
/** Where a simulation is not in `sim` of the package that has its name. */
const folders = { 'raft-driver': 'raft/sim/driver', log: 'replicated-log/sim' };
const folder = folders[name] ?? `${name}/sim`;
const main = fileURLToPath(new URL(`../packages/${folder}/main.ts`, import.meta.url));
if (name === undefined || !existsSync(main)) {
  console.error(`usage: pnpm sim raft|raft-driver|membership|log …   (there is no simulation of "${name ?? ''}")`);
  process.exit(2);
}
const flags = ['--conditions=@commitlog/source', '--import', 'tsx'];
const { status } = spawnSync(process.execPath, [...flags, main, ...args], { stdio: 'inherit' });
process.exit(status ?? 1);
