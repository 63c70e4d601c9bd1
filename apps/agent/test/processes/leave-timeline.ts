import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TraceRecorder } from '../../faults/trace-recorder.js';

/** Beside the results of the tests. */
const results = fileURLToPath(new URL('../../.results/timelines/', import.meta.url));

/** What the nodes did until a test failed, for whoever wants to know why. */
export async function leaveTimeline(recorder: TraceRecorder, test: string): Promise<void> {
  const file = join(results, `${test.slice(0, 80).replaceAll(/[^\w.-]+/g, '-')}.html`);
  console.error(await recorder.leave(test, file));
}
