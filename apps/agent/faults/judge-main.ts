/**
 * Judges a history of a cluster, an NDJSON file as history.ts says: is every acknowledged record there exactly once, in order, on all nodes?
 *
 *     pnpm cluster:judge FILE [--json]
 *
 * With --json the last line of standard output is `{ "acknowledged", "lost", "duplicated", "reordered", "invented", "diverged", "misread",
 * "passed", "problems" }`. The exit status is 0 if it passed, 1 if not, 2 for what is no history.
 */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type HistoryEvent, parseEvent } from './history.js';
import { judge } from './judge.js';

try {
  const { path, isJson } = readFlags();
  const judgement = judge(await readHistory(path));
  if (isJson) console.log(JSON.stringify(judgement));
  else {
    const { problems, passed, ...counts } = judgement;
    for (const problem of problems) console.log(problem);
    const words = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    console.log(`${passed ? 'passed' : 'FAILED'}: ${words.join(', ')}`);
  }
  process.exitCode = judgement.passed ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}

async function readHistory(path: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    number += 1;
    if (line !== '') events.push(parseEvent(line, number));
  }
  return events;
}

function readFlags(): { path: string; isJson: boolean } {
  const usage = 'usage: pnpm cluster:judge FILE [--json]';
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    if (positionals.length !== 1) throw new Error(`expected one file, got ${positionals.length}`);
    // From where the command was called, not from where the workspace is.
    return { path: resolve(process.env.INIT_CWD ?? '.', positionals[0]!), isJson: values.json };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`, { cause: error });
  }
}
