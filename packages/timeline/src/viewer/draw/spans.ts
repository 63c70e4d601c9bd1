import type { Span } from '../../model/lane.js';
import type { Look } from '../../model/node-state.js';
import { countWhile } from '../../model/search.js';
import type { Palette } from '../palette.js';
import { halfHeights, type Row, type Scene } from '../scene.js';

const words: Readonly<Partial<Record<Look, readonly [letter: string, word: string]>>> = {
  leader: ['L', 'leads'],
  candidate: ['C', 'candidate,'],
  'pre-candidate': ['P', 'pre-candidate,'],
};

/** Draws what every node was, for as long as it was that. @returns how many spans */
export function drawSpans(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): number {
  let drawn = 0;
  for (const row of scene.rows) drawn += drawLane(context, scene, row, palette);
  return drawn;
}

function drawLane(context: CanvasRenderingContext2D, { view }: Scene, row: Row, palette: Palette): number {
  const { spans } = row.lane;
  const first = countWhile(spans, (span) => span.toMs < view.fromMs);
  let drawn = 0;
  let filledTo = Number.NEGATIVE_INFINITY;
  for (let at = first; at < spans.length && spans[at]!.fromMs <= view.toMs; at++) {
    const span = spans[at]!;
    const left = Math.max(view.x(span.fromMs), view.left - 8);
    const right = Math.min(view.x(span.toMs), view.left + view.width + 8);
    // Of many within one pixel the first is seen, and whoever leads.
    if (right < filledTo + 0.5 && span.look !== 'leader') continue;
    filledTo = right;
    drawSpan(context, row, span, { left, right, palette });
    drawn += 1;
  }
  return drawn;
}

interface Place {
  readonly left: number;
  readonly right: number;
  readonly palette: Palette;
}

function drawSpan(context: CanvasRenderingContext2D, row: Row, span: Span, { left, right, palette }: Place): void {
  const { look, term } = span;
  const { y } = row;
  const width = Math.max(right - left, 1);
  const color = palette.looks[look];
  if (look === 'down' || look === 'unreachable') {
    context.strokeStyle = palette.quiet;
    context.globalAlpha = 0.65;
    context.lineWidth = 1;
    context.setLineDash(look === 'down' ? [1.5, 4] : [6, 4]);
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(right, y);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
    label(context, `${look}`, { x: left + 16, y: y - 9, room: width - 24, color: palette.quiet });
    return;
  }
  const half = halfHeights[look];
  context.fillStyle = color;
  context.beginPath();
  if (width > 4) context.roundRect(left, y - half, width, half * 2, Math.min(3, half, width / 2));
  else context.rect(left, y - half, width, half * 2);
  context.fill();
  if (look === 'candidate' || look === 'pre-candidate' || look === 'paused')
    hatch(context, look, { left, right, palette }, y);
  const [letter, word] = words[look] ?? [];
  if (letter === undefined) {
    const said = look === 'follower' ? `term ${term}` : `${look}, term ${term}`;
    label(context, said, { x: left + 6, y: y - 11, room: width - 10, color: palette.quiet });
    return;
  }
  const ink = look === 'leader' ? palette.onLeader : look === 'candidate' ? '#1c2530' : palette.ink;
  const x = Math.max(left, 0) + 7;
  context.font = '600 12px system-ui, sans-serif';
  const long = `${word} term ${term}`;
  const isRoomy = context.measureText(long).width < width - 14;
  if (half >= 9)
    label(context, isRoomy ? long : letter, {
      x: isRoomy ? x : left + width / 2 - 4,
      y: y + 0.5,
      room: width - 3,
      color: ink,
      weight: 600,
    });
  else label(context, isRoomy ? long : letter, { x: left + 4, y: y - 14, room: width - 4, color: palette.quiet });
}

interface Label {
  readonly x: number;
  readonly y: number;
  readonly room: number;
  readonly color: string;
  readonly weight?: number;
}

/** Writes a word where there is room for it. */
export function label(
  context: CanvasRenderingContext2D,
  text: string,
  { x, y, room, color, weight = 400 }: Label,
): void {
  if (room < 8) return;
  context.font = `${weight} ${weight > 400 ? 12 : 11}px system-ui, sans-serif`;
  if (context.measureText(text).width > room) return;
  context.fillStyle = color;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(text, x, y);
}

/** Lines across a bar that is no steady state, closer for whoever is further on the way to lead. */
function hatch(context: CanvasRenderingContext2D, look: Look, { left, right, palette }: Place, y: number): void {
  const half = halfHeights[look];
  const step = look === 'candidate' ? 6 : 10;
  if (right - left < step) return;
  context.save();
  context.beginPath();
  context.rect(left, y - half, right - left, half * 2);
  context.clip();
  context.strokeStyle = palette.paper;
  context.globalAlpha = look === 'paused' ? 0.9 : 0.4;
  context.lineWidth = look === 'paused' ? 3 : 1.5;
  context.beginPath();
  // Fixed to the bar: panning must not make it shimmer.
  for (let x = left - half * 2; x < right; x += step) {
    context.moveTo(x, y + half);
    context.lineTo(x + half * 2, y - half);
  }
  context.stroke();
  context.restore();
}
