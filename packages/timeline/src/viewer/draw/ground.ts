import { countWhile } from '../../model/search.js';
import type { CutSpan, TermSpan, Timeline } from '../../model/timeline.js';
import { timeOf } from '../../model/view.js';
import type { Palette } from '../palette.js';
import { axisHeight, type Scene, termHeight, top } from '../scene.js';

export interface GroundInit {
  readonly timeline: Timeline;
  readonly palette: Palette;
  /** Where the trace, or the present, ends. */
  readonly endMs: number;
}

/** Paper, terms as bands, times, and links that are cut. */
export function drawGround(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { timeline, palette, endMs }: GroundInit,
): void {
  const { width, height } = scene;
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, width, height);
  const endX = Math.min(scene.view.x(endMs) + 6, scene.view.left + scene.view.width);
  drawTerms(context, scene, { terms: timeline.terms, palette, end: endX });
  drawTicks(context, scene, palette);
  drawCuts(context, scene, { cuts: timeline.cuts, palette, end: endX });
  context.fillStyle = palette.line;
  context.fillRect(0, top - 0.5, width, 1);
}

function drawTerms(
  context: CanvasRenderingContext2D,
  { view, height }: Scene,
  { terms, palette, end }: { readonly terms: readonly TermSpan[]; readonly palette: Palette; readonly end: number },
): void {
  const first = Math.max(0, countWhile(terms, (span) => span.fromMs <= view.fromMs) - 1);
  for (let at = first; at < terms.length && terms[at]!.fromMs <= view.toMs; at++) {
    const { term, fromMs, leader } = terms[at]!;
    const left = Math.max(view.x(fromMs), view.left);
    const right = Math.min(at + 1 < terms.length ? view.x(terms[at + 1]!.fromMs) : end, end);
    context.fillStyle = palette.bands[term % 2]!;
    context.fillRect(left, axisHeight, right - left, height - axisHeight);
    context.fillStyle = palette.line;
    if (left > view.left) context.fillRect(left, axisHeight, 1, height - axisHeight);
    const y = axisHeight + termHeight / 2 + 1;
    context.font = '600 12px system-ui, sans-serif';
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    const name = [`Term ${term}`, `T${term}`, `${term}`].find(
      (text) => context.measureText(text).width < right - left - 12,
    );
    if (name === undefined) continue;
    context.fillStyle = palette.ink;
    context.fillText(name, left + 8, y);
    const after = context.measureText(name).width;
    context.font = '12px system-ui, sans-serif';
    const who = leader === null ? 'no leader' : `${leader} leads`;
    if (after + context.measureText(who).width + 26 > right - left) continue;
    context.fillStyle = palette.quiet;
    context.fillText(who, left + after + 16, y);
  }
}

function drawTicks(context: CanvasRenderingContext2D, { view, height }: Scene, palette: Palette): void {
  const { stepMs, atMs } = view.ticks();
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  for (const ms of atMs) {
    const x = Math.round(view.x(ms)) + 0.5;
    context.globalAlpha = 0.55;
    context.fillStyle = palette.line;
    context.fillRect(x - 0.5, top, 1, height - top);
    context.globalAlpha = 1;
    if (x < view.left + 20 || x > view.left + view.width - 24) continue;
    context.fillStyle = palette.quiet;
    context.fillText(timeOf(ms, stepMs), x, axisHeight / 2 + 1);
  }
}

function drawCuts(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { cuts, palette, end }: { readonly cuts: readonly CutSpan[]; readonly palette: Palette; readonly end: number },
): void {
  const { view, rows } = scene;
  for (const { fromMs, toMs, links } of cuts) {
    if (fromMs > view.toMs || toMs < view.fromMs) continue;
    const left = Math.max(view.x(fromMs), view.left);
    const right = Math.min(view.x(toMs), end);
    // Whoever is cut off from most others is what one asks for.
    const counts = new Map<string, number>();
    for (const link of links) for (const name of link) counts.set(name, (counts.get(name) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const { lane, y, height } of rows) {
      if (counts.get(lane.name) !== most) continue;
      context.fillStyle = palette.cut;
      context.fillRect(left, y - height / 2 + 1, Math.max(right - left, 1), height - 2);
    }
    context.strokeStyle = palette.kinds.network;
    context.globalAlpha = 0.5;
    context.setLineDash([3, 3]);
    context.beginPath();
    for (const x of [left, right]) {
      if (x <= view.left || x >= end) continue;
      context.moveTo(x, top);
      context.lineTo(x, scene.height);
    }
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }
}
