import type { Lane } from '../../model/lane.js';
import type { Look } from '../../model/node-state.js';
import type { Timeline } from '../../model/timeline.js';
import { View } from '../../model/view.js';
import type { Palette } from '../palette.js';

export interface OverviewInit {
  readonly timeline: Timeline;
  readonly lanes: readonly Lane[];
  readonly palette: Palette;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Moments that a search has found. */
  readonly found: readonly number[];
}

const heights: Readonly<Record<Look, number>> = {
  leader: 1,
  candidate: 0.8,
  'pre-candidate': 0.6,
  follower: 0.35,
  learner: 0.2,
  paused: 0.35,
  down: 0,
  unreachable: 0,
};

/** All of the trace, small: whoever leads, who died, where the search has found something. */
export function drawOverview(context: CanvasRenderingContext2D, init: OverviewInit): View {
  const { timeline, lanes, palette, width, height, left, fromMs, toMs, found } = init;
  const view = new View(fromMs, Math.max(toMs, fromMs + View.spanMsMin), left, width - left - 12);
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, width, height);
  const pad = 7;
  const rowHeight = (height - pad * 2) / Math.max(lanes.length, 1);
  for (const [at, { spans }] of lanes.entries()) {
    const y = pad + (at + 0.5) * rowHeight;
    for (const { look, fromMs: beginMs, toMs: endMs } of spans) {
      const tall = Math.max(heights[look] * Math.min(rowHeight - 1, 9), heights[look] > 0 ? 1 : 0);
      const x = view.x(beginMs);
      const end = Math.min(view.x(endMs), view.left + view.width);
      context.fillStyle = palette.looks[look];
      if (tall > 0) context.fillRect(x, y - tall / 2, Math.max(end - x, 0.75), tall);
    }
    context.fillStyle = palette.kinds.life;
    for (const { look, fromMs: diedMs } of spans) {
      if (look === 'down' || look === 'unreachable') context.fillRect(view.x(diedMs) - 1, y - 2, 2.5, 4);
    }
  }
  context.fillStyle = palette.kinds.vote;
  for (const ms of found) context.fillRect(view.x(ms) - 0.5, 0, 1.5, 5);
  context.fillStyle = palette.alarm;
  for (const { atMs } of timeline.violations) context.fillRect(view.x(atMs) - 1, 0, 2, height);
  return view;
}

/** What the chart shows of it. */
export function drawWindow(
  context: CanvasRenderingContext2D,
  all: View,
  shown: View,
  { height, palette, cursorMs }: { height: number; palette: Palette; cursorMs: number | null },
): void {
  const left = Math.max(all.x(shown.fromMs), all.left - 3);
  const right = Math.min(all.x(shown.toMs), all.left + all.width + 3);
  context.fillStyle = palette.paper;
  context.globalAlpha = 0.55;
  context.fillRect(all.left - 4, 0, Math.max(left - all.left + 4, 0), height);
  context.fillRect(right, 0, all.left + all.width + 4 - right, height);
  context.globalAlpha = 1;
  context.strokeStyle = palette.quiet;
  context.lineWidth = 1.25;
  context.beginPath();
  context.roundRect(left, 1.5, Math.max(right - left, 3), height - 3, 4);
  context.stroke();
  if (cursorMs === null) return;
  context.fillStyle = palette.cursor;
  context.fillRect(all.x(cursorMs) - 0.5, 2, 1, height - 4);
}
