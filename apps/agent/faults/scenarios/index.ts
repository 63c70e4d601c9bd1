import type { Scenario } from '../stage.js';
import { ofChanges } from './changes.js';
import { ofDisks } from './disks.js';
import { ofNetworks } from './networks.js';
import { ofProcesses } from './processes.js';

/** What is done to three processes under load. Comments say which system taught it. */
export const scenarios: readonly Scenario[] = [...ofProcesses, ...ofNetworks, ...ofDisks, ...ofChanges];
