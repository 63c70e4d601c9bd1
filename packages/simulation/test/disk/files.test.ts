import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFiles } from '@commitlog/runtime/node';
import { SimulatedDisk } from '../../src/index.js';
import { describeFiles } from './files.contract.js';

// What a program was tested against in the simulation is what it meets on a machine: one suite, both file systems.

describeFiles('the simulated disk', async () => {
  const { files } = new SimulatedDisk();
  await files.makeDirectory('/data');
  return { files, directory: '/data', dispose: async () => {} };
});

describeFiles('Node’s file system', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'commitlog-files-'));
  return { files: nodeFiles, directory, dispose: () => rm(directory, { recursive: true }) };
});
