import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageDirectory, scratch } from '../command-line.js';
import { processesOf } from '../processes.js';

it('an agent ends with the process that started it, however that ends', async () => {
  const { dir } = await scratch();
  const args = ['--insecure', '--bootstrap', '--node-id', 'n1', '--data-dir', join(dir, 'n1')];
  const options = {
    args: [...args, '--listen', '127.0.0.1:0', '--admin-addr', '127.0.0.1:0'],
    logPath: join(dir, 'log'),
  };
  const node = ['--conditions=@commitlog/source', '--import', 'tsx', 'test/node/start-one.ts', JSON.stringify(options)];
  const parent = spawn(process.execPath, node, { cwd: packageDirectory, stdio: 'inherit' });
  // The one that was started, besides its parent.
  await expect.poll(() => processesOf(dir), { timeout: 30_000 }).toHaveLength(2);
  parent.kill('SIGKILL');
  await once(parent, 'close');
  await expect.poll(() => processesOf(dir), { timeout: 30_000 }).toEqual([]);
}, 60_000);
