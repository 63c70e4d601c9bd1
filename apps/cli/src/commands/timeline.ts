import { basename, dirname, extname, join } from 'node:path';
import type { Command } from 'commander';
import { CommandError } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { count, size } from '../presentation/quantity.js';
import { readText, writeNew } from '../small-file.js';

/** The page holds the trace as one string, and so does the browser. */
const traceBytesMax = 256 * 1024 * 1024;

interface TimelineOptions {
  readonly out?: string;
  readonly title?: string;
}

export function timelineCommand(parent: Command, { world, pathOf, print }: Invocation): void {
  parent
    .command('timeline')
    .description(
      'draw a trace of Raft (docs/trace.md) as one HTML page, which opens in any browser and needs no network',
    )
    .argument('<trace>', 'the trace, one JSON object a line')
    .option('--out <file>', 'the page, which must not be there yet (default: beside the trace, with .html)')
    .option('--title <text>', 'what the page is called (default: the name of the trace)')
    .addHelpText('after', '\nExample:\n  commitlog timeline trace.ndjson --out election.html')
    .action(async (file: string, { out, title }: TimelineOptions) => {
      const path = pathOf(file);
      const trace = await readText(path, { bytesMax: traceBytesMax }, world);
      const events = trace.split('\n').filter((line) => line.trim() !== '').length;
      if (events === 0) throw new CommandError('wrong-file', `${path} holds no events`, { path });
      const { page, tornLine } = await pageOf(trace, { path, title: title ?? basename(path) });
      const drawn = tornLine === null ? events : events - 1;
      const name = basename(path, extname(path));
      const target = out === undefined ? join(dirname(path), `${name}.html`) : pathOf(out);
      await writeNew(target, { text: page, permissions: 0o644 }, world);
      const bytes = Buffer.byteLength(page);
      print({
        json: { timeline: target, events: drawn, bytes, ...(tornLine !== null && { tornLine }) },
        text: `${target}: ${count(drawn)} events, ${size(bytes)}; open it in a browser${tornWords(tornLine)}\n`,
      });
    });
}

function tornWords(line: number | null): string {
  return line === null ? '' : `\nline ${line} is cut short, and left out`;
}

async function pageOf(
  trace: string,
  { path, title }: { readonly path: string; readonly title: string },
): Promise<{ readonly page: string; readonly tornLine: number | null }> {
  // Loaded here: every other command would wait for the page's script.
  const { TraceError, timelinePage } = await import('@commitlog/timeline');
  try {
    let tornLine: number | null = null;
    const onTorn = (line: number): void => {
      tornLine = line;
    };
    return { page: timelinePage({ title, events: trace, onTorn }), tornLine };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    throw new CommandError('wrong-file', `${path} is no trace: ${error.message}`, { path, cause: error });
  }
}
