import { createHash } from 'node:crypto';
import { viewer } from '#viewer';
import { linesOf, parseLine, withoutTornEnd } from '../trace/parse.js';

export interface TimelinePageInit {
  /** What the page is called. */
  readonly title?: string;
  /** A trace: all of it, or its lines, with or without line feeds. Memory for all of it is needed. */
  readonly events: string | Iterable<string>;
  /** Told the number of a last line that was cut short, as a process leaves it that dies: it is left out of the page, which says so. Only a text, whose line feeds are known, has such. */
  readonly onTorn?: (line: number) => void;
}

/**
 * One self-contained HTML file that shows a trace: opened from anywhere, it asks no network for anything.
 *
 * @throws TraceError when a line is no event of a trace, with its number
 */
export function timelinePage({ title = 'Raft timeline', events, onTorn }: TimelinePageInit): string {
  const { whole, tornLine } = typeof events === 'string' ? withoutTornEnd(events) : { whole: events, tornLine: null };
  const lines: string[] = [];
  for (const [text, line] of linesOf(whole)) {
    // Written anew it is one line, whatever stood between its fields. And nothing in a string of the trace may end the script that it is in: to JSON both are the same.
    lines.push(JSON.stringify(parseLine(text, line)).replaceAll('<', '\\u003c'));
  }
  if (tornLine !== null) onTorn?.(tornLine);
  return page({ title, data: lines.join('\n'), tornLine, connect: "'none'" });
}

export interface LivePageInit {
  readonly title?: string;
  /** Origins of servers that it may watch besides, such as `http://10.0.0.2:7655`. */
  readonly origins?: readonly string[];
}

/**
 * The same viewer without data, to be served: it opens the event stream `trace` beside itself; with the query
 * `?watch=http://127.0.0.1:1111,http://127.0.0.1:2222`, the `/trace` of each of these servers. By its own policy it reaches its own server, loopback
 * and `origins` only.
 *
 * @throws TypeError when one of `origins` is none
 */
export function livePage({ title = 'Raft timeline, live', origins = [] }: LivePageInit = {}): string {
  for (const origin of origins) {
    if (!/^https?:\/\/[^\s;,]+$/.test(origin)) {
      throw new TypeError(`expected origins such as http://10.0.0.2:7655, found "${origin}"`);
    }
  }
  const connect = ["'self'", 'http://127.0.0.1:*', 'http://localhost:*', ...origins].join(' ');
  return page({ title, data: null, connect });
}

interface PageInit {
  readonly title: string;
  /** NDJSON, or null where the viewer watches streams. */
  readonly data: string | null;
  /** The last line of the trace, where it was cut short. */
  readonly tornLine?: number | null;
  /** What the page may connect to, in a policy's words. */
  readonly connect: string;
}

function page({ title, data, tornLine = null, connect }: PageInit): string {
  const { script, style } = viewer();
  const policy = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    'img-src data:',
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page draws a trace, and needs JavaScript for it.</noscript>
${data === null ? '' : `<script type="application/x-ndjson" id="trace"${tornLine === null ? '' : ` data-torn="${tornLine}"`}>\n${data}\n</script>\n`}<script>${script}</script>
</body>
</html>
`;
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function escaped(text: string): string {
  const references: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => references[character]!);
}
