import type { App } from './app.js';
import type { Chart, Drawn } from './chart.js';

/** What `window.timeline` is: read-only, for tests and for the curious at the console. It changes nothing on the page. */
export interface Inspection {
  /** The nodes in the order of their lanes, with where the middle of each is on the canvas, in CSS pixels. */
  readonly lanes: readonly { readonly name: string; readonly y: number; readonly spans: readonly object[] }[];
  readonly events: number;
  /** Where the log of whoever spoke last ends. */
  readonly newestIndex: number;
  /** All messages, sent and received, as the lines of the trace were joined. */
  readonly messages: { readonly received: number; readonly notReceived: number };
  /** What the last picture was made of. */
  readonly drawn: Drawn;
  readonly view: { readonly fromMs: number; readonly toMs: number };
  /** The line of the trace that the cursor stands on. */
  readonly cursor: object | null;
  readonly isFollowing: boolean;
  readonly found: number;
  /** Where a moment is on the canvas, in CSS pixels. */
  x(atMs: number): number;
  /** What each node looks like at a moment; null before it was heard of. */
  looksAt(atMs: number): Readonly<Record<string, string | null>>;
}

export function inspectionOf(app: App, chart: Chart): Inspection {
  const { timeline } = app;
  return Object.freeze({
    get lanes() {
      return chart.rows.map(({ lane, y }) => ({ name: lane.name, y, spans: lane.spans.map((span) => ({ ...span })) }));
    },
    get events() {
      return timeline.entries.length;
    },
    get newestIndex() {
      return timeline.entries.at(-1)?.event.index ?? 0;
    },
    get messages() {
      const received = timeline.messages.filter(({ receive }) => receive !== null).length;
      return { received, notReceived: timeline.messages.length - received };
    },
    get drawn() {
      return { ...chart.drawn };
    },
    get view() {
      return { fromMs: app.view.fromMs, toMs: app.view.toMs };
    },
    get cursor() {
      return app.cursor === null ? null : { ...app.cursor.event };
    },
    get isFollowing() {
      return app.isFollowing;
    },
    get found() {
      return app.found.length;
    },
    x: (atMs: number) => app.view.x(atMs),
    looksAt: (atMs: number) =>
      Object.fromEntries(
        timeline.lanes.map(({ name, spans }) => [
          name,
          spans.findLast(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)?.look ?? null,
        ]),
      ),
  });
}
