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
    drawSpan(context, row, span, { left, right, edge: view.left, palette });
    drawn += 1;
  }
  return drawn;
}

interface Place {
  readonly left: number;
  readonly right: number;
  /** Where the visible part begins: words stand there at the earliest. */
  readonly edge: number;
  readonly palette: Palette;
}

function drawSpan(context: CanvasRenderingContext2D, row: Row, span: Span, place: Place): void {
  const { look } = span;
  if (look === 'down' || look === 'unreachable') drawAbsence(context, row, look, place);
  else {
    drawBar(context, row, look, place);
    nameSpan(context, row, span, place);
  }
}

/** Nothing is there but a line that says how long. */
function drawAbsence(
  context: CanvasRenderingContext2D,
  { y }: Row,
  look: 'down' | 'unreachable',
  { left, right, edge, palette }: Place,
): void {
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
  const x = Math.max(left + 16, edge + 6);
  label(context, look, { x, y: y - 10, room: right - x - 4, color: palette.quiet });
}

function drawBar(
  context: CanvasRenderingContext2D,
  { y }: Row,
  look: Exclude<Look, 'down' | 'unreachable'>,
  place: Place,
): void {
  const { left, right, palette } = place;
  const half = halfHeights[look];
  const width = Math.max(right - left, 1);
  context.fillStyle = palette.looks[look];
  context.beginPath();
  if (width > 4) context.roundRect(left, y - half, width, half * 2, Math.min(3, half, width / 2));
  else context.rect(left, y - half, width, half * 2);
  context.fill();
  if (look === 'candidate' || look === 'pre-candidate' || look === 'paused') hatch(context, look, place, y);
}

/** Says what it is, as far as there is room: within a bar that is thick enough, above one that is not. */
function nameSpan(context: CanvasRenderingContext2D, { y }: Row, { look, term }: Span, place: Place): void {
  const { left, right, edge, palette } = place;
  const isThick = halfHeights[look] >= 9;
  const [letter, word] = words[look] ?? ['', `${look},`];
  const long = look === 'follower' ? `term ${term}` : `${word} term ${term}`;
  const weight = isThick ? 600 : 400;
  const color = look === 'leader' ? palette.onLeader : look === 'candidate' ? '#1c2530' : palette.quiet;
  const from = Math.max(left, edge);
  context.font = fontOf(weight);
  const isRoomy = context.measureText(long).width <= right - from - 11;
  const text = isRoomy ? long : letter;
  const x = isRoomy ? from + 6 : (from + right - context.measureText(text).width) / 2;
  label(context, text, { x, y: isThick ? y + 0.5 : y - 13, room: right - x, color, weight });
}

function fontOf(weight: number): string {
  return `${weight} ${weight > 400 ? 12 : 11}px system-ui, sans-serif`;
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
  context.font = fontOf(weight);
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
