import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { timelinePage } from '@commitlog/timeline';
import { runSeed } from '../../sim/run.js';
import { traceRigs } from '../../sim/scenarios/rig.js';
import type { Scenario } from '../../sim/scenarios/scenario.js';
import type { WorldEvent } from '../../sim/world-event.js';

/** Beside the results of the tests. */
const results = fileURLToPath(new URL('../../.results/timelines/', import.meta.url));

/**
 * Runs a seed again, and leaves its timeline to whoever wants to know why it failed.
 *
 * @returns the file of the page
 */
export function leaveTimelineOfSeed(seed: string, folder: string = results): string {
  const lines: string[] = [];
  runSeed(seed, { onTrace: (line) => void lines.push(line) });
  return leave(`seed ${seed}`, lines, folder);
}

/** The same for a scenario; null for one that steps members without a cluster: then there is nothing to draw. */
export function leaveTimelineOfScenario(
  { name, run }: Pick<Scenario, 'name' | 'run'>,
  folder: string = results,
): string | null {
  const lines: string[] = [];
  let atMs = 0;
  try {
    traceRigs((event) => {
      ({ atMs } = event);
      lines.push(JSON.stringify(event));
    }, run);
  } catch (error) {
    if (lines.length === 0) return null;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const place = { v: 1, atMs, node: 'world', term: 0, index: 0, commit: 0 } as const;
    const violation: WorldEvent = { ...place, event: 'violation', cause: name, what };
    lines.push(JSON.stringify(violation));
  }
  return leave(name, lines, folder);
}

function leave(title: string, events: readonly string[], folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${title.replaceAll(/[^\w.-]+/g, '-')}.html`);
  writeFileSync(file, timelinePage({ title: `raft: ${title}`, events }));
  return file;
}
